import { Pool } from '@troupe/runtime'
import { expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Calculator } from '../fixtures/services/calculator.ts'

it('adds', async () => {
  await using pool = new Pool()
  const c = await pool.spawn<Calculator>({ name: 'c', module: fixture('calculator.ts') })
  expect(await c.proxy.add(1, 2)).toBe(3)
  expect(await c.proxy.threadState()).toBe('c RUNNING root/c 1')
})
