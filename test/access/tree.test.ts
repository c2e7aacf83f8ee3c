/** Who may call whom, in trees of contexts, held against a model that knows nothing of the code. */
import { Activator, type Policy, Pool } from '@troupe/runtime'
import { describePolicy, policyFrom } from '@troupe/worker-host/owner'
import { describe, expect, it } from 'vitest'
import { openDiary } from '../activation/diary.ts'
import { fixture, untilRefused } from '../fixtures/index.ts'
import { policyOf } from '../fixtures/rule-policies.ts'
import { type Dice, diceOf, METHOD_RULES, type Rule, randomRule } from '../fixtures/rules.ts'
import type { Gate } from '../fixtures/services/gate.ts'

type Kin = 'parents' | 'children' | 'siblings' | 'others'

/** By steps, where the code compares texts. */
function kinOf(caller: string, context: string): Kin {
  const [theirs, own] = [caller.split('/'), context.split('/')]
  const shared = theirs.findIndex((step, at) => step !== own[at])
  const common = shared < 0 ? theirs.length : shared
  if (common === theirs.length) return 'parents' // or its own
  if (common === own.length) return 'children'
  return common === own.length - 1 && theirs.length === own.length ? 'siblings' : 'others'
}

function admits(rule: Rule, caller: string, context: string): boolean {
  switch (rule.kind) {
    case 'any':
      return true
    case 'own':
      return caller.split('/').length % 2 === 0
    case 'contexts':
      return rule.patterns.some((pattern) => matches(pattern, caller))
    case 'all':
      return !rule.rules.some((inner) => !admits(inner, caller, context))
    case 'some':
      return !rule.rules.every((inner) => !admits(inner, caller, context))
    default:
      return kinOf(caller, context) === rule.kind
  }
}

function matches(pattern: string, caller: string): boolean {
  const steps = pattern.split('/')
  const isSubtree = steps.at(-1) === '**'
  const named = isSubtree ? steps.slice(0, -1) : steps
  const given = caller.split('/')
  return (
    named.every((step, at) => step === given[at]) &&
    (isSubtree ? given.length > named.length : given.length === named.length)
  )
}

const isPortable = (rule: Rule): boolean =>
  rule.kind === 'own' ? false : 'rules' in rule ? rule.rules.every(isPortable) : true

/** Names that begin alike, and names like others' paths. */
const STEPS = ['a', 'ab', 'b', 'root', 'a b', '*', '**', 'ä', '.', '..']

function randomTree(dice: Dice): string[] {
  const contexts = ['root']
  for (let left = 1 + dice(12); left > 0; left--) {
    contexts.push(`${contexts[dice(contexts.length)]}/${STEPS[dice(STEPS.length)]}`)
  }
  return [...new Set(contexts)]
}

/** What a rule can name: a star is no step of a pattern. */
const nameable = (contexts: readonly string[]): string[] => contexts.filter((context) => !context.includes('*'))

describe('in 20,000 cases of random trees and policies', () => {
  const dice = diceOf(4)
  const cases = Array.from({ length: 20_000 }, () => {
    const tree = randomTree(dice)
    const pick = (): string => tree[dice(tree.length)]!
    return { caller: pick(), context: pick(), rule: randomRule(dice, nameable(tree), 3) }
  })
  const question = ({ caller, context }: { caller: string; context: string }) => ({
    caller,
    context,
    service: 's',
    method: 'm',
  })
  const odd = (verdict: (policy: Policy, at: (typeof cases)[number]) => boolean | undefined) =>
    cases.filter((at) => verdict(policyOf(at.rule), at) !== admits(at.rule, at.caller, at.context))

  it('there is a caller that is admitted, and one that is refused, of each kin', () => {
    const seen = cases.map(({ rule, caller, context }) => `${kinOf(caller, context)} ${admits(rule, caller, context)}`)
    expect(new Set(seen).size).toBe(8)
  })

  it('policies agree with the model', () => {
    expect(odd((policy, at) => policy.isAuthorized(question(at)))).toEqual([])
  })

  it('so do those that the owner asks, from their description; and only an author’s own have none', () => {
    const owners = (policy: Policy, at: (typeof cases)[number]) => {
      const description = describePolicy(policy)
      expect(description !== undefined).toBe(isPortable(at.rule))
      return (description ? policyFrom(structuredClone(description)) : policy).isAuthorized(question(at))
    }
    expect(odd(owners)).toEqual([])
  })

  it('activation is permitted to a context itself and those above it', () => {
    const activator = new Activator()
    const wrong = cases.filter(
      (at) => activator.isPermitted(question(at)) !== (kinOf(at.caller, at.context) === 'parents'),
    )
    expect(wrong).toEqual([])
  })
})

interface Member {
  /** Where it is called. */
  readonly path: string
  readonly context: string
}

const gate = (name: string) => ({ name, module: fixture('gate.ts'), exportName: 'Gate' })

/** Contexts of both kinds with services in them, and services with others below them, as the dice fall. */
const growing = (seed: number) => async (pool: Pool) => {
  const dice = diceOf(seed)
  const members: Member[] = []
  for (const kind of ['thread', 'process'] as const) {
    const context = await pool.context({ name: `in-${kind}`, kind })
    for (let left = 1 + dice(2); left > 0; left--) {
      const name = `g${members.length}`
      await context.spawn<Gate>(gate(name))
      members.push({ path: `root/${name}`, context: context.id })
    }
  }
  for (let left = 4 + dice(2); left > 0; left--) {
    const name = `g${members.length}`
    const above = dice(4) === 0 ? undefined : members[dice(members.length)]!
    const thread = dice(3) === 0 ? 'parent' : 'own'
    if (above === undefined) await pool.spawn<Gate>(gate(name))
    else await pool.proxy<Gate>(above.path).spawnBelow(name, thread)
    const path = `${above?.context ?? 'root'}/${name}`
    members.push({ path, context: above !== undefined && thread === 'parent' ? above.context : path })
  }
  return members
}

/** Two trees of threads: `wide` has contexts beside each other, `deep` has them below each other. */
const GROW: Readonly<Record<string, (pool: Pool) => Promise<Member[]>>> = {
  async wide(pool) {
    const shared = await pool.context({ name: 'shared' })
    const names = ['a', 'ab', 'b']
    await Promise.all(names.map((name) => pool.spawn<Gate>(gate(name))))
    for (const name of ['left', 'right']) await shared.spawn<Gate>(gate(name))
    await pool.proxy<Gate>('a').spawnBelow('x', 'own')
    await pool.proxy<Gate>('a').spawnBelow('beside', 'parent')
    await pool.proxy<Gate>('ab').spawnBelow('x', 'own')
    return [
      ...['a', 'ab', 'b', 'a/x', 'ab/x'].map((path) => ({ path: `root/${path}`, context: `root/${path}` })),
      ...['left', 'right'].map((name) => ({ path: `root/${name}`, context: 'root/shared' })),
      { path: 'root/a/beside', context: 'root/a' },
    ]
  },
  async deep(pool) {
    await Promise.all(['a', 'nowhere'].map((name) => pool.spawn<Gate>(gate(name))))
    await pool.proxy<Gate>('a').spawnBelow('x', 'own')
    for (const name of ['y', 'z']) await pool.proxy<Gate>('a/x').spawnBelow(name, 'own')
    await pool.proxy<Gate>('a/x/y').spawnBelow('x', 'own')
    const paths = ['a', 'nowhere', 'a/x', 'a/x/y', 'a/x/z', 'a/x/y/x']
    return paths.map((path) => ({ path: `root/${path}`, context: `root/${path}` }))
  },
  ...Object.fromEntries([1, 2, 3, 4, 5].map((seed) => [`as the dice fall, ${seed}`, growing(seed)])),
}

const METHODS = METHOD_RULES.map((rules, number) => ({ name: `m${number}`, rules }))

/** Every call of every method, once; as the caller does it, the root itself last. */
async function askAll(
  pool: Pool,
  caller: Member | 'root',
  calls: readonly (readonly [string, string])[],
): Promise<string[]> {
  if (caller !== 'root') return pool.proxy<Gate>(caller.path).$with({ timeoutMs: null }).askAll(calls)
  return Promise.all(calls.map(([path, method]) => pool.call<string>(path, method).catch(({ code }) => code as string)))
}

describe.each(Object.entries(GROW))('in a real tree, %s', (_, grow) => {
  it('every call agrees with the model, refused methods never run, and each refusal is counted', async () => {
    await using pool = new Pool()
    const members = await grow(pool)
    const calls = members.flatMap(({ path }) => METHODS.map(({ name }) => [path, name] as const))
    const runs: Record<string, Record<string, number>> = Object.fromEntries(members.map(({ path }) => [path, {}]))
    let refused = 0
    for (const caller of [...members, 'root'] as const) {
      const id = caller === 'root' ? 'root' : caller.context
      const expected = members.flatMap(({ path, context }) =>
        METHODS.map(({ name, rules }) => {
          if (!rules.every((rule) => admits(rule, id, context))) return 'ERR_TROUPE_NOT_AUTHORIZED'
          runs[path]![name] = (runs[path]![name] ?? 0) + 1
          return `${id} → ${context}`
        }),
      )
      refused += expected.filter((outcome) => outcome.startsWith('ERR')).length
      expect(await askAll(pool, caller, calls)).toEqual(expected)
    }
    for (const { path } of members) expect(await pool.call(path, 'runs'), path).toEqual(runs[path])
    await untilRefused(pool, refused)
    expect(pool.stats().refused).toEqual({ policy: refused, forged: 0, activation: 0 })
  })

  it('nobody brings anything to life but in its own context and below', async () => {
    using diary = openDiary()
    await using pool = new Pool({ modules: [fixture('lazy.ts')] })
    const members = await grow(pool)
    const contexts = [...new Set(members.map(({ context }) => context))]
    let denied = 0
    for (const caller of members) {
      const forbidden = contexts.filter((context) => kinOf(caller.context, context) !== 'parents')
      const outcomes = await askAll(
        pool,
        caller,
        forbidden.map((context) => [`${context}/lazy#Lazy`, 'whoCalls']),
      )
      expect(outcomes).toEqual(forbidden.map(() => 'ERR_TROUPE_ACTIVATION_DENIED'))
      denied += forbidden.length
    }
    expect(diary.text).toBe('')
    await untilRefused(pool, denied)
    expect(pool.stats().refused).toEqual({ policy: 0, forged: 0, activation: denied })
    for (const caller of [...members, 'root'] as const) {
      const id = caller === 'root' ? 'root' : caller.context
      const allowed = contexts.filter((context) => kinOf(id, context) === 'parents')
      const outcomes = await askAll(
        pool,
        caller,
        allowed.map((context) => [`${context}/lazy#Lazy`, 'whoCalls']),
      )
      expect(outcomes).toEqual(allowed.map((context) => `${id} calls lazy#Lazy in ${context}`))
    }
    expect(diary.text.split(' ').filter((word) => word === 'constructed')).toHaveLength(contexts.length)
  })
})
