import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ActivationQuestion, type ActivationRequest, Activator, Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { AllowedModules } from '../../packages/runtime/src/activation/allowed-modules.ts'
import { fixture } from '../fixtures/index.ts'
import type { Lazy } from '../fixtures/services/lazy.ts'
import type { Relay } from '../fixtures/services/relay.ts'

const lazy = fixture('lazy.ts')

describe('the activator', () => {
  const activator = new Activator()

  it.each([
    ['file:///app/services/resize.ts', 'Resize', 'resize#Resize'],
    ['file:///app/page-views.service.mjs', 'default', 'page-views.service#default'],
    ['file:///with%20space/a%20b.js', 'A', 'a b#A'],
  ])('names the class of %s, %s, %s', (module, exportName, name) => {
    expect(activator.nameOf(new URL(module), exportName)).toBe(name)
    expect(activator.exportOf(name)).toBe(exportName)
  })

  it.each(['resize', '#Resize', 'resize#', 'a#b#c', 'images/resize#Resize', 'a#b/c', ''])(
    'takes "%s" for no name',
    (name) => {
      expect(activator.exportOf(name)).toBeUndefined()
    },
  )

  it.each([
    ['root', 'root/api', true],
    ['root/api', 'root/api', true],
    ['root', 'root/api/worker', true],
    ['root/api/worker', 'root/api', false],
    ['root/db', 'root/api', false],
    ['root/ap', 'root/api', false],
    ['', 'root', false],
  ])('permits "%s" to bring a service to life in "%s": %s', (caller, context, verdict) => {
    expect(activator.isPermitted({ caller, context, service: 'a#B' })).toBe(verdict)
  })
})

describe('an activator of one’s own', () => {
  class Upper extends Activator {
    readonly asked: ActivationQuestion[] = []
    override nameOf(module: URL, exportName: string): string {
      return `svc:${super.nameOf(module, exportName).replace('#', '.').toUpperCase()}`
    }
    override exportOf(name: string): string | undefined {
      return { 'svc:LAZY.LAZY': 'Lazy', 'svc:RELAY.RELAY': 'Relay' }[name]
    }
    override isPermitted(question: ActivationQuestion): boolean {
      this.asked.push(question)
      return question.service !== 'svc:RELAY.RELAY' && super.isPermitted(question)
    }
    override activate(request: ActivationRequest): Promise<void> {
      return super.activate({ ...request, spec: { ...request.spec, options: { word: 'given' } } })
    }
  }

  it('has its own names, its own rules, and its own ways to bring a service up', async () => {
    const activator = new Upper()
    await using pool = new Pool({ activator, modules: [lazy, fixture('relay.ts')] })
    const service = 'svc:LAZY.LAZY'
    expect(await pool.call(service, 'word')).toBe('given')
    expect(activator.asked).toEqual([{ caller: 'root', context: `root/${service}`, service }])
    await expect(pool.activate(fixture('relay.ts'), 'Relay')).rejects.toMatchObject({
      code: 'ERR_TROUPE_ACTIVATION_DENIED',
    })
    expect(pool.names).toEqual([service])
    expect(pool.get<Lazy>(service).state).toBe('RUNNING')
    const given = pool.add<Relay>({ name: 'given', module: fixture('relay.ts'), exportName: 'Relay' })
    expect(pool.get('svc:RELAY.RELAY')).toBe(given)
  })
})

it('an activator that answers with a promise, or anything but true, permits nothing', async () => {
  for (const answer of [Promise.resolve(true), Promise.resolve(false), 1, 'yes', {}, undefined]) {
    class Careless extends Activator {
      override isPermitted(): boolean {
        return answer as boolean
      }
    }
    await using pool = new Pool({ activator: new Careless(), modules: [lazy] })
    const denied = { code: 'ERR_TROUPE_ACTIVATION_DENIED' }
    await expect(pool.activate(lazy, 'Lazy')).rejects.toMatchObject(denied)
    await expect(pool.call('lazy#Lazy', 'word')).rejects.toMatchObject(denied)
    expect(pool.names).toEqual([])
  }
})

it.each([
  [
    'throws',
    () => {
      throw new Error('ldap is down')
    },
  ],
  ['rejects', () => Promise.reject(new Error('ldap is down'))],
])('an activator that %s refuses, and says no more to who asks; the program goes on', async (_, answer) => {
  class Careless extends Activator {
    override isPermitted(): boolean {
      return answer() as never
    }
  }
  await using pool = new Pool({ activator: new Careless(), modules: [lazy] })
  const denied = { code: 'ERR_TROUPE_ACTIVATION_DENIED', message: expect.not.stringContaining('ldap') }
  await expect(pool.activate(lazy, 'Lazy')).rejects.toMatchObject(denied)
  await expect(pool.call('lazy#Lazy', 'word')).rejects.toMatchObject(denied)
  const relay = await pool.spawn<Relay>({ name: 'relay', module: fixture('relay.ts') })
  await expect(relay.proxy.ask('root/lazy#Lazy', 'word')).rejects.toMatchObject(denied)
  expect(pool.stats().refused.activation).toBe(3)
})

describe('the modules that may be activated', () => {
  async function folder() {
    const path = await mkdtemp(join(tmpdir(), 'troupe-modules-'))
    for (const name of ['a', 'node_modules', 'a/deep']) await mkdir(join(path, name))
    for (const name of ['a/x.ts', 'a/x.d.ts', 'a/deep/y.mjs', 'a/notes.md', 'node_modules/z.js', 'ab.ts']) {
      await writeFile(join(path, name), '')
    }
    const url = (name: string): URL => pathToFileURL(join(path, name))
    return { url, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
  }

  it('are files, and what is below folders', async () => {
    await using at = await folder()
    const modules = new AllowedModules([at.url('a'), at.url('ab.ts')])
    const admitted = ['a/x.ts', 'a/deep/y.mjs', 'ab.ts', 'a/not-there-yet.ts', 'a/deep/../x.ts']
    const refused = ['a', 'a/../node_modules/z.js', 'a/%2e%2e/node_modules/z.js', 'ab.tsx', 'b.ts', '../a/x.ts']
    for (const name of admitted) expect(modules.admits(at.url(name)), name).toBe(true)
    for (const name of refused) expect(modules.admits(new URL(name, at.url('.'))), name).toBe(false)
    expect(await modules.list()).toEqual(['ab.ts', 'a/deep/y.mjs', 'a/x.ts'].map(at.url))
  })

  it('leave out what is installed below a folder', async () => {
    await using at = await folder()
    expect((await new AllowedModules([at.url('')]).list()).map(String)).not.toContain(at.url('node_modules/z.js').href)
  })

  it('must be there', () => {
    const modules = [fixture('nowhere.ts')]
    expect(() => new Pool({ modules })).toThrow(
      expect.objectContaining({ code: 'ERR_TROUPE_BAD_OPTIONS', message: expect.stringContaining('nowhere.ts') }),
    )
  })

  it('are, unless they are said, those that the pool was given', async () => {
    await using pool = new Pool()
    const images = await pool.context({ name: 'images' })
    await expect(images.call('lazy#Lazy', 'word')).rejects.toMatchObject({ code: 'ERR_TROUPE_ACTIVATION_DENIED' })
    pool.add<Lazy>({ name: 'mine', module: lazy })
    expect(await (await images.activate<Lazy>(lazy, 'Lazy')).whoCalls()).toContain('in root/images')
  })

  it('of one file name are told apart by no canonical name, and so are refused', async () => {
    await using at = await folder()
    await writeFile(at.url('a/deep/x.mjs'), '')
    await using pool = new Pool({ modules: [at.url('a')] })
    await expect(pool.call('x#X', 'any')).rejects.toMatchObject({
      code: 'ERR_TROUPE_BAD_OPTIONS',
      message: expect.stringContaining('several modules'),
    })
  })

  it('must be given as a file: URL or an absolute path', async () => {
    await using pool = new Pool()
    for (const module of ['./lazy.ts', 'https://example.org/a.js', 3 as never]) {
      await expect(pool.activate(module, 'Lazy')).rejects.toMatchObject({ code: 'ERR_TROUPE_BAD_OPTIONS' })
    }
  })
})
