import {
  BadArgumentsError,
  BadOptionsError,
  CircuitBreakerInvoker,
  type CircuitBreakerOptions,
  CircuitOpenError,
  DeadlineExceededError,
  MailboxFullError,
  NoSuchMethodError,
  NoSuchServiceError,
  NotAuthorizedError,
  NotCloneableError,
  NotRunningError,
  Pool,
  PoolClosedError,
  RateLimitedError,
  ServiceCrashedError,
  StartFailedError,
} from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { isFailureOfService } from '../../packages/runtime/src/layers/circuit-breaker-invoker.ts'
import { fixture } from '../fixtures/index.ts'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import type { Flaky } from '../fixtures/services/flaky.ts'
import { WatchedClock } from '../fixtures/watched-clock.ts'

const flaky = { name: 'flaky', module: fixture('flaky.ts') }
const circuitOpen = { code: 'ERR_TROUPE_CIRCUIT_OPEN' }

describe('isFailureOfService', () => {
  const named = (error: Error) => [error.constructor.name, error] as const
  it.each([
    [...named(new RangeError('x')), true],
    ['a text', 'x', true],
    [...named(new DeadlineExceededError('s', 1)), true],
    [...named(new ServiceCrashedError('s', { mayHaveRun: true })), true],
    [...named(new StartFailedError('s', 'STARTING', 'x')), true],
    [...named(new MailboxFullError('s', 1, 1)), false], // as that of a limit below it is
    [...named(new NoSuchServiceError('s', [])), false],
    [...named(new NoSuchMethodError('s', 'm')), false],
    [...named(new NotAuthorizedError('s', 'm', 'c')), false],
    [...named(new NotCloneableError('s', 'p', 'f')), false],
    [...named(new BadArgumentsError('m', [])), false],
    [...named(new BadOptionsError('x')), false],
    [...named(new NotRunningError('s', 'STOPPED')), false],
    [...named(new PoolClosedError('s')), false],
    [...named(new RateLimitedError('s', 1, 1)), false],
    [...named(new CircuitOpenError('s', 1, 1)), false],
  ] as const)('of %s', (_, error, isFailure) => {
    expect(isFailureOfService(error)).toBe(isFailure)
  })
})

describe.each(KINDS)('in a %s:', (kind) => {
  async function spawnFlaky(pool: Pool, options: CircuitBreakerOptions = {}) {
    const clock = new WatchedClock()
    const invoker = new CircuitBreakerInvoker({ clock, minimumCalls: 2, openMs: 300, ...options })
    const { proxy } = await (await placeOf(pool, kind)).spawn<Flaky>({ ...flaky, invoker })
    const fail = () => expect(proxy.write('w', Number.POSITIVE_INFINITY)).rejects.toThrow(RangeError)
    return { clock, invoker, proxy, fail }
  }

  describe('a circuit breaker', () => {
    it('refuses calls once too many have failed, and says since when and until when', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy, fail } = await spawnFlaky(pool)
      await fail()
      await fail()
      expect(invoker.state).toBe('OPEN')
      await clock.advance(100)
      await expect(proxy.read('k', 0)).rejects.toMatchObject({ ...circuitOpen, openForMs: 100, retryAfterMs: 200 })
      await expect(proxy.read('k', 0)).rejects.toThrow(
        'the circuit of "flaky" has been open for 100 ms, and is tried again in 200 ms',
      )
    })

    it('sends a probe after `openMs`, alone, and closes by its success', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy, fail } = await spawnFlaky(pool)
      await fail()
      await fail()
      await clock.advance(300)
      const probe = proxy.read('k', 0)
      await expect(proxy.read('k', 0)).rejects.toMatchObject(circuitOpen)
      expect(invoker.state).toBe('HALF_OPEN')
      expect(await probe).toBe(1)
      expect(invoker.state).toBe('CLOSED')
      expect(await proxy.read('k', 0)).toBe(2)
    })

    it('stays open when the probe fails', async () => {
      await using pool = new Pool()
      const { clock, invoker, proxy, fail } = await spawnFlaky(pool)
      await fail()
      await fail()
      await clock.advance(300)
      await fail()
      expect(invoker.state).toBe('OPEN')
      await expect(proxy.read('k', 0)).rejects.toMatchObject({ openForMs: 300, retryAfterMs: 300 })
    })

    it('does not count what was its caller’s mistake', async () => {
      await using pool = new Pool()
      const { invoker, proxy, fail } = await spawnFlaky(pool)
      const unknown = proxy as unknown as { nothing(): Promise<void> }
      const uncloneable = (() => 1) as unknown as string
      await fail()
      for (let n = 0; n < 5; n++) {
        await expect(unknown.nothing()).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
        await expect(proxy.read(uncloneable, 0)).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_CLONEABLE' })
      }
      expect(invoker.state).toBe('CLOSED')
      await fail()
      expect(invoker.state).toBe('OPEN')
    })

    it('does not count a call that its caller has aborted', async () => {
      await using pool = new Pool()
      const { invoker, proxy } = await spawnFlaky(pool, { minimumCalls: 1 })
      await expect(proxy.$with({ signal: AbortSignal.abort() }).read('k', 0)).rejects.toThrow()
      expect(invoker.state).toBe('CLOSED')
    })

    it('takes a rule of the owner’s own for what is a failure', async () => {
      await using pool = new Pool()
      const isFailure = (error: unknown) => !(error instanceof RangeError)
      const { invoker, fail } = await spawnFlaky(pool, { isFailure })
      for (let n = 0; n < 5; n++) await fail()
      expect(invoker.state).toBe('CLOSED')
    })

    it('counts a stream by its end, and refuses one at its first `next`', async () => {
      await using pool = new Pool()
      const { invoker, proxy } = await spawnFlaky(pool, { failureRatio: 0.6 })
      expect(await Array.fromAsync(proxy.items(2, false))).toEqual([0, 1])
      const refused = proxy.items(1, false)
      for (let n = 0; n < 2; n++) await expect(Array.fromAsync(proxy.items(1, true))).rejects.toThrow('no more items')
      expect(invoker.state).toBe('OPEN')
      await expect(refused.next()).rejects.toMatchObject(circuitOpen)
      expect(await refused.next()).toEqual({ done: true, value: undefined })
    })
  })
})

it.each([
  ['failureRatio', 0],
  ['failureRatio', 1.1],
  ['minimumCalls', 0],
  ['windowMs', 0],
  ['openMs', Number.NaN],
  ['probes', 0.5],
])('a CircuitBreakerInvoker is refused with %s: %d', (name, value) => {
  expect(() => new CircuitBreakerInvoker({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(`"${name}"`) }),
  )
})
