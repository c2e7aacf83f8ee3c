import { expect, it } from 'vitest'
import { fixture, openPool } from '../fixtures/index.ts'
import type { LateRiser } from '../fixtures/services/late-riser.ts'

it('a service without hooks is RUNNING once it is made: it is told to start, and nobody waits for what can’t fail', async () => {
  await using pool = openPool()
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const handle = await pool.spawn<LateRiser>({ name: 'late', module: fixture('late-riser.ts'), options: { gate } })
  expect(handle.state).toBe('RUNNING') // of its thread, which stands still, nothing more has come
  const answer = handle.proxy.answer()
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  expect(await answer).toBe(42)
})
