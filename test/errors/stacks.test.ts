import { readFileSync } from 'node:fs'
import { Pool, type ServiceProxy } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Thrower } from '../fixtures/services/thrower.ts'

const thrower = { name: 'thrower', module: fixture('thrower.ts') }
const source = readFileSync(thrower.module, 'utf8').split('\n')
const THROWN_AT = `thrower.ts:${source.findIndex((line) => line.includes('// thrown here')) + 1}:`

type Failing = 'located' | 'locatedLater'
const METHODS: readonly Failing[] = ['located', 'locatedLater']

async function namedCaller(proxy: ServiceProxy<Thrower>, method: Failing): Promise<unknown> {
  const result = await proxy[method]()
  return result
}

async function outerCaller(proxy: ServiceProxy<Thrower>, method: Failing): Promise<unknown> {
  const result = await namedCaller(proxy, method)
  return result
}

async function callerOfAll(proxy: ServiceProxy<Thrower>, method: Failing): Promise<unknown> {
  const results = await Promise.all([proxy.fine(), proxy[method]()])
  return results
}

async function stackOf(calling: Promise<unknown>): Promise<string[]> {
  const error = await calling.then(
    () => Promise.reject(new Error('the call did not reject')),
    (reason: Error) => reason,
  )
  return error.stack!.split('\n').map((line) => line.trim())
}

const frameOf = (stack: readonly string[], text: string): number => stack.findIndex((line) => line.includes(text))

describe.each(METHODS)('the stack of an error from "%s"', (method) => {
  it('shows the method’s frames by their TypeScript lines, then those of whoever awaits the call', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const stack = await stackOf(outerCaller(proxy, method))
    const places = ['RangeError: located', 'innermost', `Thrower.${method}`, 'namedCaller', 'outerCaller']
    const found = places.map((place) => frameOf(stack, place))
    expect(
      found.toSorted((a, b) => a - b),
      stack.join('\n'),
    ).toEqual(found)
    expect(found).not.toContain(-1)
    expect(stack[found[1]!]).toContain(THROWN_AT)
    expect(stack[found[3]!]).toContain('stacks.test.ts')
  })

  it('shows the awaiting caller through Promise.all', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const stack = await stackOf(callerOfAll(proxy, method))
    expect(frameOf(stack, 'async Promise.all (index 1)'), stack.join('\n')).toBeGreaterThan(frameOf(stack, 'innermost'))
    expect(frameOf(stack, 'callerOfAll')).toBeGreaterThan(frameOf(stack, 'async Promise.all (index 1)'))
  })

  it('shows no frame of the host, nor of the runtime', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const stack = await stackOf(outerCaller(proxy, method))
    expect(stack.filter((line) => /packages\/(worker-host|runtime)|piscina|MessagePort/.test(line))).toEqual([])
  })
})

describe('the stack', () => {
  it('of a cause, and of a gathered error, shows the method’s frames and none of the host', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const error = (await proxy.locatedCause().catch((reason: unknown) => reason)) as AggregateError
    for (const inner of [error.cause, error.errors[0]] as Error[]) {
      expect(inner.stack).toContain(THROWN_AT)
      expect(inner.stack).not.toContain('packages/worker-host')
    }
  })

  it('of an error that the owner makes shows whoever awaits the call', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const unknown = proxy as unknown as Record<string, () => Promise<unknown>>
    const stack = await stackOf(
      (async function callerOfUnknown() {
        const result = await unknown.nothing!()
        return result
      })(),
    )
    expect(frameOf(stack, 'callerOfUnknown'), stack.join('\n')).toBeGreaterThan(0)
  })

  it('shows the caller through a proxy that was made before the service was added', async () => {
    await using pool = new Pool()
    const proxy = pool.proxy<Thrower>('thrower')
    await pool.spawn<Thrower>(thrower)
    const stack = await stackOf(outerCaller(proxy, 'located'))
    expect(frameOf(stack, 'outerCaller'), stack.join('\n')).toBeGreaterThan(frameOf(stack, 'innermost'))
  })

  it('is not shared by the errors of two calls', async () => {
    await using pool = new Pool()
    const { proxy } = await pool.spawn<Thrower>(thrower)
    const [one, all] = await Promise.all([
      stackOf(namedCaller(proxy, 'located')),
      stackOf(callerOfAll(proxy, 'located')),
    ])
    expect(frameOf(one, 'callerOfAll')).toBe(-1)
    expect(frameOf(all, 'namedCaller')).toBe(-1)
  })
})
