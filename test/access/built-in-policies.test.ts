import {
  AllowAny,
  AllowChildren,
  AllowContexts,
  AllowParents,
  AllowSiblings,
  allOf,
  anyOf,
  type CallQuestion,
  Policy,
} from '@troupe/runtime'
import { describePolicy, policyFrom } from '@troupe/worker-host/owner'
import { describe, expect, it } from 'vitest'

/** `root/ap` begins as `root/api` does, and is none of its kin. */
const TREE = ['root', 'root/ap', 'root/api', 'root/api/auth', 'root/api/auth/keys', 'root/db', 'root/db/backup']

const admittedBy = (policy: Policy, context: string): string[] =>
  TREE.filter((caller) => policy.isAuthorized({ caller, context, service: 's', method: 'm' }))

class Odd extends Policy {
  isAuthorized({ caller }: CallQuestion): boolean {
    return caller.length % 2 === 1
  }
}

describe('AllowAny', () => {
  it.each(TREE)('to a service in %s admits the whole tree', (context) => {
    expect(admittedBy(new AllowAny(), context)).toEqual(TREE)
  })
})

describe('AllowParents', () => {
  it.each([
    ['root', ['root']],
    ['root/ap', ['root', 'root/ap']],
    ['root/api', ['root', 'root/api']],
    ['root/api/auth', ['root', 'root/api', 'root/api/auth']],
    ['root/api/auth/keys', ['root', 'root/api', 'root/api/auth', 'root/api/auth/keys']],
    ['root/db', ['root', 'root/db']],
    ['root/db/backup', ['root', 'root/db', 'root/db/backup']],
  ])('to a service in %s admits its own context and those above: %j', (context, admitted) => {
    expect(admittedBy(new AllowParents(), context)).toEqual(admitted)
  })
})

describe('AllowChildren', () => {
  it.each([
    ['root', TREE.slice(1)],
    ['root/ap', []],
    ['root/api', ['root/api/auth', 'root/api/auth/keys']],
    ['root/api/auth', ['root/api/auth/keys']],
    ['root/api/auth/keys', []],
    ['root/db', ['root/db/backup']],
    ['root/db/backup', []],
  ])('to a service in %s admits the contexts below, and not its own: %j', (context, admitted) => {
    expect(admittedBy(new AllowChildren(), context)).toEqual(admitted)
  })
})

describe('AllowSiblings', () => {
  it.each([
    ['root', []],
    ['root/ap', ['root/api', 'root/db']],
    ['root/api', ['root/ap', 'root/db']],
    ['root/api/auth', []],
    ['root/api/auth/keys', []],
    ['root/db', ['root/ap', 'root/api']],
    ['root/db/backup', []],
  ])('to a service in %s admits the other contexts of its parent: %j', (context, admitted) => {
    expect(admittedBy(new AllowSiblings(), context)).toEqual(admitted)
  })
})

describe('AllowContexts', () => {
  it.each([
    [['root/api'], ['root/api']],
    [['root/api/**'], ['root/api/auth', 'root/api/auth/keys']],
    [
      ['root/api', 'root/api/**'],
      ['root/api', 'root/api/auth', 'root/api/auth/keys'],
    ],
    [['root/**'], TREE.slice(1)],
    [
      ['root', 'root/db/backup'],
      ['root', 'root/db/backup'],
    ],
    [['root/nowhere', 'root/nowhere/**'], []],
  ])('%j admits these alone, wherever the service is: %j', (patterns, admitted) => {
    for (const context of TREE) expect(admittedBy(new AllowContexts(...patterns), context)).toEqual(admitted)
  })

  it.each([
    [[]],
    [['']],
    [['api']],
    [['root/']],
    [['root//api']],
    [['/root']],
    [['root/*']],
    [['root/**/auth']],
    [['**']],
    [['root/api**']],
    [[/root/]],
  ])('%j is refused when it is made', (patterns) => {
    expect(() => new AllowContexts(...(patterns as string[]))).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
    )
  })
})

describe('a combination', () => {
  it.each([
    ['allOf of one', allOf(AllowSiblings), ['root/ap', 'root/db']],
    ['allOf of disjoint ones', allOf(AllowParents, AllowChildren), []],
    ['anyOf', anyOf(AllowParents, AllowSiblings), ['root', 'root/ap', 'root/api', 'root/db']],
    ['anyOf in allOf', allOf(anyOf(AllowParents, AllowSiblings), new AllowContexts('root/db')), ['root/db']],
    [
      'allOf in anyOf',
      anyOf(allOf(AllowAny, AllowChildren), new AllowContexts('root')),
      ['root', 'root/api/auth', 'root/api/auth/keys'],
    ],
    ['anyOf with one of an author’s own', anyOf(new Odd(), AllowSiblings), ['root/ap', 'root/api/auth', 'root/db']],
  ])('%s admits to a service in root/api %#', (_, policy, admitted) => {
    expect(admittedBy(policy, 'root/api')).toEqual(admitted)
  })

  it('takes a promise for no consent', () => {
    class Promising extends Policy {
      isAuthorized = () => Promise.resolve(true) as unknown as boolean
    }
    for (const combine of [allOf, anyOf]) expect(admittedBy(combine(Promising), 'root')).toEqual([])
  })

  it.each([allOf, anyOf])('of nothing, or of what is no policy, is refused when it is made', (combine) => {
    for (const policies of [[], ['AllowAny'], [undefined]]) {
      expect(() => combine(...(policies as unknown as Policy[]))).toThrow(
        expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS' }),
      )
    }
  })
})

describe('the description of a policy', () => {
  const portable = [
    new AllowAny(),
    new AllowParents(),
    new AllowChildren(),
    new AllowSiblings(),
    new AllowContexts('root/api', 'root/db/**'),
    allOf(AllowAny, anyOf(AllowParents, new AllowContexts('root/db'))),
  ]

  it.each(portable)('crosses threads as data, and gives a policy that says the same: %o', (policy) => {
    const copy = policyFrom(structuredClone(describePolicy(policy)!))
    expect(copy).toEqual(policy)
    for (const context of TREE) expect(admittedBy(copy, context)).toEqual(admittedBy(policy, context))
  })

  it('is missing for an author’s own, for a subclass of a built-in one, and for a combination that has such', () => {
    class AllowContextsButOne extends AllowContexts {}
    for (const policy of [new Odd(), new AllowContextsButOne('root')]) {
      expect(describePolicy(policy)).toBeUndefined()
      expect(describePolicy(anyOf(AllowAny, allOf(policy)))).toBeUndefined()
    }
  })
})
