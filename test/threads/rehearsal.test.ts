/** In a file of its own: ports of pools that were closed before would be counted. */
import { warm } from '@troupe/worker-host/thread'
import { expect, it } from 'vitest'

it('a spare thread rehearses a service to its first reply, once, and nothing of that stays open', async () => {
  const ports = () => process.getActiveResourcesInfo().filter((type) => type === 'MessagePort').length
  const before = ports()
  const rehearsed = warm()
  expect(warm()).toBe(rehearsed)
  await rehearsed
  while (ports() > before) await new Promise((resolve) => setImmediate(resolve))
  expect(ports()).toBe(before)
})
