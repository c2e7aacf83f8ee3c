/** The context of a caller dies, by each place where its call can be by then: what its service sees, and what is left. */
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Messenger } from '../fixtures/services/messenger.ts'
import type { Patient } from '../fixtures/services/patient.ts'

/** What the service has written down of the end; nothing where its method need not hear of it, or has not begun. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  queued: [],
  running: ['gate begins', 'gate aborts: ServiceCrashedError'],
  'streaming out': ['items ends, aborted'],
  'streaming in': ['read breaks off: ServiceCrashedError'],
  'inside a callback': ['ask breaks off: ServiceCrashedError'],
}

describe.each(['own', 'parent'] as const)('a caller whose service lives in a thread that is its %s', (thread) => {
  it.each(Object.keys(PLACES))(
    'when it dies, a call of it that is %s ends, and nothing is left of it',
    async (place) => {
      await using pool = new Pool()
      const patient = await pool.spawn<Patient>({ name: 'patient', module: fixture('patient.ts') })
      const caller = await pool.spawn<Messenger>({ name: 'caller', module: fixture('messenger.ts') })
      const name = thread === 'own' ? 'caller' : await caller.proxy.childBeside('messenger')
      if (place === 'queued') await patient.pause()
      const messenger = pool.proxy<Messenger>(name)
      await messenger.begin(place as Parameters<Messenger['begin']>[0])

      caller.kill()

      await expect(caller.finished).rejects.toMatchObject({ code: 'ERR_TROUPE_SERVICE_CRASHED' })
      if (place === 'queued') await patient.start()
      while (patient.stats().pending + patient.stats().queued > 0) await patient.proxy.heard()
      const heard = await patient.proxy.heard()
      expect(heard.filter((line) => line !== 'asked')).toEqual(PLACES[place])
      await pool.close()
      expect(patient.stats()).toMatchObject({ pending: 0, queued: 0, threads: 0 })
    },
  )
})
