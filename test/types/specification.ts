/** What a specification must have, by the type of its service. Checked by `npm run check`; nothing here runs. */
import {
  AllowAny,
  AllowParents,
  type CallQuestion,
  type CallRequest,
  ConcurrentInvoker,
  expose,
  Policy,
  type Pool,
  Service,
} from '@troupe/runtime'

interface FileOptions {
  readonly file: string
  readonly mode?: number
}

declare class Plain extends Service {
  ping(): void
}
declare class WithOptions extends Service<FileOptions> {
  ping(): void
}
declare class WithOptionalOptions extends Service<FileOptions | undefined> {
  ping(): void
}
declare class Heir extends WithOptions {
  pong(): void
}

const module = new URL('file:///service.ts')

export async function specify(pool: Pool): Promise<void> {
  // `options` is needed when the class takes some, and only then.
  await pool.spawn<Plain>({ name: 'a', module })
  await pool.spawn<WithOptions>({ name: 'a', module, options: { file: 'f' } })
  await pool.spawn<WithOptionalOptions>({ name: 'a', module })
  pool.add<Heir>({ name: 'a', module, options: { file: 'f', mode: 1 } })
  // @ts-expect-error: without its options
  await pool.spawn<WithOptions>({ name: 'a', module })
  // @ts-expect-error: without the options that it inherits
  pool.add<Heir>({ name: 'a', module })
  // @ts-expect-error: options that are undefined
  await pool.spawn<WithOptions>({ name: 'a', module, options: undefined })
  // @ts-expect-error: an option missing
  await pool.spawn<WithOptions>({ name: 'a', module, options: {} })
  // @ts-expect-error: an option of another type
  await pool.spawn<WithOptions>({ name: 'a', module, options: { file: 1 } })
  // @ts-expect-error: an option too many
  await pool.spawn<WithOptions>({ name: 'a', module, options: { file: 'f', other: 1 } })

  await pool.spawn<Plain>({ name: 'a', module, invoker: 'serialized', supervision: { restart: 'permanent' } })
  // @ts-expect-error: no such invoker
  await pool.spawn<Plain>({ name: 'a', module, invoker: 'parallel' })
  // @ts-expect-error: no such restart type
  await pool.spawn<Plain>({ name: 'a', module, supervision: { restart: 'always' } })
  // @ts-expect-error: no such key
  await pool.spawn<Plain>({ name: 'a', module, thread: 1 })
  // @ts-expect-error: without a name
  await pool.spawn<Plain>({ module })
  // @ts-expect-error: without a module
  await pool.spawn<Plain>({ name: 'a' })
}

/** What `expose` takes. */
export class Exposing extends Service {
  @expose(AllowAny)
  byClass(): void {}

  @expose(new AllowParents(), AllowAny)
  bySeveral(): void {}

  // @ts-expect-error: a text is no policy
  @expose('AllowAny')
  byText(): void {}

  // @ts-expect-error: an abstract class can't be made
  @expose(Policy)
  byAbstract(): void {}

  // @ts-expect-error: a policy that needs an argument must be made by hand
  @expose(OnlyFrom)
  byUnmade(): void {}

  // @ts-expect-error: no method
  @expose(AllowAny)
  field = 1

  // @ts-expect-error: no method
  @expose(AllowAny)
  get accessor(): number {
    return 1
  }
}

class OnlyFrom extends Policy {
  readonly caller: string
  constructor(caller: string) {
    super()
    this.caller = caller
  }
  isAuthorized({ caller }: CallQuestion): boolean {
    return caller === this.caller
  }
}

export class Promising extends Policy {
  // @ts-expect-error: a promise is no verdict
  async isAuthorized(): Promise<boolean> {
    return false
  }
}

export class OwnInvoker extends ConcurrentInvoker {
  override invoke(request: CallRequest): Promise<unknown> {
    // @ts-expect-error: a request is what its caller made it
    request.method = 'other'
    return super.invoke({ ...request, args: [] })
  }
}
