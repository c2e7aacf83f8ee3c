import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Watch } from '../fixtures/watch.ts'

const SCRIPT = fileURLToPath(new URL('../fixtures/scripts/owner-of-processes.ts', import.meta.url))

describe('processes whose owner is gone', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s end, with all that lives below them, also one that spins',
    async (signal) => {
      using watch = await Watch.open()
      const owner = spawn(process.execPath, [SCRIPT, String(watch.port)], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(owner.stdout, 'data')
      await watch.said('root/a/e spins')
      expect(watch.heard).toContain('root/a/b/c is up')
      owner.kill(signal)
      await once(owner, 'exit')
      await watch.left(0)
    },
  )
})
