/** In a file of its own: ports of pools that were closed before would be counted. */
import { expect, it } from 'vitest'
import { fixture, openPool } from '../fixtures/index.ts'
import type { Meter } from '../fixtures/services/meter.ts'

const openPorts = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length

it('an idle service has its owner look at three ports: those of its calls, its context and its supply', async () => {
  await using pool = openPool({ threads: { min: 0 } })
  const before = openPorts()
  const names = ['one', 'two', 'three', 'four']
  await Promise.all(names.map((name) => pool.spawn<Meter>({ name, module: fixture('meter.ts') })))
  expect(openPorts() - before).toBe(3 * names.length)
})
