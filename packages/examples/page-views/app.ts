/** The four services, and what each of them depends on: `pool.start()` brings them up in that order. */
import type { Pool, ServiceHandle } from '@troupe/runtime'
import type { Live } from './live.service.ts'
import type { PageViews } from './page-views.service.ts'
import type { UserCache } from './user-cache.service.ts'
import type { Web } from './web.service.ts'

export interface App {
  readonly pageViews: ServiceHandle<PageViews>
  readonly userCache: ServiceHandle<UserCache>
  readonly live: ServiceHandle<Live>
  readonly web: ServiceHandle<Web>
}

export interface AppOptions {
  /** The SQLite file. */
  readonly file: string
  /** 0 for any that is free. */
  readonly port: number
  readonly livePort: number
}

const supervision = { restart: 'permanent' } as const

/** Adds the services, STOPPED. */
export function addApp(pool: Pool, { file, port, livePort }: AppOptions): App {
  return {
    web: pool.add<Web>({
      name: 'web',
      module: new URL('./web.service.ts', import.meta.url),
      options: { port },
      dependsOn: ['user-cache', 'page-views', 'live'],
      supervision,
    }),
    userCache: pool.add<UserCache>({
      name: 'user-cache',
      module: new URL('./user-cache.service.ts', import.meta.url),
      dependsOn: ['page-views'],
      supervision,
    }),
    pageViews: pool.add<PageViews>({
      name: 'page-views',
      module: new URL('./page-views.service.ts', import.meta.url),
      options: { file },
      supervision,
    }),
    live: pool.add<Live>({
      name: 'live',
      module: new URL('./live.service.ts', import.meta.url),
      options: { port: livePort },
      supervision,
    }),
  }
}
