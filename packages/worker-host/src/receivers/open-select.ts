/** A select as a service has it: a task, which ends when the select is closed, and closes it when it is to end. */

import { errorsOf, throwAll } from '../errors/throw-all.ts'
import type { Tasks } from '../tasks/background.ts'
import { type Received, Select, type Source } from './select.ts'

/** @param onMessage takes the events, unless somebody has begun to read them by the end of this turn */
export function openSelect<From extends Source>(
  tasks: Tasks,
  sources: readonly From[],
  onMessage: ((event: Received<From>) => unknown) | undefined,
): Select<From> {
  const select = new Select<From>()
  const { promise: filled, resolve: markFilled } = Promise.withResolvers<void>()
  const task = tasks.run(
    async (signal) => {
      signal.addEventListener('abort', () => void select.close(), { once: true })
      await filled
      const isOurs = onMessage !== undefined && !select.isRead
      const errors = await errorsOf(() => (isOurs ? deliver(select, onMessage) : undefined))
      throwAll([...errors, ...(await errorsOf(() => select.closed))], 'a select failed, and so did leaving its sources')
    },
    { name: 'select' },
  )
  // It was spawned when the service was ending already.
  void task.ended.then((end) => {
    if (end === 'skipped') void select.close()
  })
  try {
    for (const source of sources) select.add(source)
  } catch (error) {
    void select.close()
    throw error
  } finally {
    markFilled()
  }
  return select
}

async function deliver<From extends Source>(
  select: Select<From>,
  onMessage: (event: Received<From>) => unknown,
): Promise<void> {
  select.endure()
  for await (const event of select) await onMessage(event)
}
