import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Dependent,
  eachAfterDependencies,
  eachAfterDependents,
  requireNoCircle,
  startOrder,
} from '../../packages/runtime/src/graph/dependencies.ts'

const graphOf = (edges: Readonly<Record<string, readonly string[]>>): readonly Dependent[] =>
  Object.entries(edges).map(([name, dependsOn]) => ({ name, dependsOn }))

const order = (edges: Readonly<Record<string, readonly string[]>>, ...wanted: readonly string[]) =>
  startOrder(graphOf(edges), wanted).map(({ name }) => name)

/** Services that depend on earlier ones only: no circles. */
const acyclic = fc.array(fc.array(fc.nat(11), { maxLength: 4 }), { minLength: 1, maxLength: 12 }).map((rows) =>
  rows.map(
    (row, index): Dependent => ({
      name: `s${index}`,
      dependsOn: [...new Set(row.filter((to) => to < index))].map((to) => `s${to}`),
    }),
  ),
)

describe('the start order', () => {
  it('has each service after those that it depends on, and those that nobody asked for where they are needed', () => {
    expect(order({ web: ['api'], api: ['db', 'cache'], db: [], cache: [], other: [] }, 'web')).toEqual([
      'db',
      'cache',
      'api',
      'web',
    ])
  })

  it('of any services without circles has each exactly once, after its dependencies', () => {
    fc.assert(
      fc.property(acyclic, fc.array(fc.nat(), { maxLength: 3 }), (services, seeds) => {
        const wanted = seeds.map((seed) => services[seed % services.length]!.name)
        const ordered = startOrder(services, wanted)
        expect(new Set(ordered).size).toBe(ordered.length)
        for (const name of wanted) expect(ordered.map((service) => service.name)).toContain(name)
        ordered.forEach(({ dependsOn }, at) => {
          for (const name of dependsOn) expect(ordered.findIndex((one) => one.name === name)).toBeLessThan(at)
          for (const name of dependsOn) expect(ordered.findIndex((one) => one.name === name)).toBeGreaterThanOrEqual(0)
        })
      }),
    )
  })

  it('names who depends on a service that is not there', () => {
    expect(() => order({ web: ['db'] }, 'web')).toThrow(
      'service "web" depends on "db", which is not there; there are: web',
    )
    expect(() => order({ web: [] }, 'db')).toThrow('no service "db"; there are: web')
  })
})

describe('a service that is added', () => {
  it.each([
    [{ a: ['b'], b: ['c'] }, { name: 'c', dependsOn: ['a'] }, '"c" → "a" → "b" → "c"'],
    [{ a: ['b'] }, { name: 'b', dependsOn: ['x', 'a'] }, '"b" → "a" → "b"'],
    [{}, { name: 'a', dependsOn: ['a'] }, '"a" → "a"'],
  ])('to %j as %j is refused, with the circle that it closes', (edges, added, printed) => {
    expect(() => requireNoCircle(graphOf(edges as never), added)).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining(printed) }),
    )
  })

  it('is never refused where there is no circle, and always where there is one', () => {
    fc.assert(
      fc.property(acyclic, fc.nat(), fc.nat(), (services, one, other) => {
        const [lower, upper] = [one, other].map((seed) => seed % services.length).toSorted((a, b) => a - b) as [
          number,
          number,
        ]
        for (const service of services)
          requireNoCircle(
            services.filter((known) => known !== service),
            service,
          )
        const closing = { ...services[lower]!, dependsOn: [services[upper]!.name] }
        const known = services.filter((_, index) => index !== lower)
        const closes = startOrder(services, [closing.dependsOn[0]!]).some(({ name }) => name === closing.name)
        if (closes) expect(() => requireNoCircle(known, closing)).toThrow('circle')
        else requireNoCircle(known, closing)
      }),
    )
  })
})

describe('taking turns', () => {
  it('each after its dependencies, independent ones side by side', async () => {
    await fc.assert(
      fc.asyncProperty(acyclic, fc.scheduler(), async (services, scheduler) => {
        const done: string[] = []
        const act = async ({ name, dependsOn }: Dependent) => {
          expect(done).toEqual(expect.arrayContaining([...dependsOn]))
          await scheduler.schedule(Promise.resolve(), name)
          done.push(name)
        }
        const all = eachAfterDependencies(services, act)
        await scheduler.waitFor(all)
        expect(done.toSorted()).toEqual(services.map(({ name }) => name).toSorted())
      }),
    )
  })

  it('leaves those out that depend on one that failed; the others go on, and all errors are told', async () => {
    const done: string[] = []
    const services = graphOf({ a: [], b: ['a'], c: ['b'], d: [], e: ['d'] })
    const act = async ({ name }: Dependent) => {
      if (name === 'a' || name === 'e') throw new Error(name)
      done.push(name)
    }
    await expect(eachAfterDependencies(services, act)).rejects.toMatchObject({
      errors: [new Error('a'), new Error('e')],
    })
    expect(done).toEqual(['d'])
  })

  it('the other way round: each after all that depend on it, and none is left out for the failure of another', async () => {
    const done: string[] = []
    const services = graphOf({ db: [], api: ['db'], web: ['api'], cron: ['db'] })
    const act = async ({ name }: Dependent) => {
      done.push(name)
      if (name === 'web') throw new Error('stuck')
    }
    await expect(eachAfterDependents(services, act)).rejects.toThrow('stuck')
    expect(done.at(-1)).toBe('db')
    expect(done.indexOf('api')).toBeGreaterThan(done.indexOf('web'))
    expect(done.length).toBe(4)
  })
})
