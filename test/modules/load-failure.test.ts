/** What is wrong with a module is told by the author's own file, whatever was really loaded. */
import { join } from 'node:path'
import { Pool } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { KINDS, placeOf } from '../fixtures/kinds.ts'
import { openPackage } from './open-package.ts'

const SERVICE = "import { AllowAny, expose, Service } from '@troupe/worker-host'\n"
const CLASS = 'export class Main extends Service {}\n'

interface Failure {
  readonly main: string
  /** Another file, which the first one imports by this name, without extension. */
  readonly part?: string
  readonly message: RegExp
  /** The file and the line that the cause's message or stack names; of what is told of the whole file, no line. */
  readonly at: RegExp
}

const BOTH: Readonly<Record<string, Failure>> = {
  'throws at its top level': {
    main: `${SERVICE}${CLASS}throw new RangeError('no luck')\n`,
    message: /no luck/,
    at: /main\.EXT:3:/,
  },
  'throws in a file that it imports': {
    main: `${SERVICE}import './part.EXT'\n${CLASS}`,
    part: `\nthrow new RangeError('no luck')\n`,
    message: /no luck/,
    at: /part\.EXT:2:/,
  },
  'has a syntax error': {
    main: `${SERVICE}export class Main extends Service {\n  add( {}\n}\n`,
    message: /}/,
    at: /main\.EXT:4\b/,
  },
  'imports a file with a syntax error': {
    main: `${SERVICE}import './part.EXT'\n${CLASS}`,
    part: `export const one = 1\nexport const two = )\n`,
    message: /\)/,
    at: /part\.EXT:2\b/,
  },
  'has a regular expression that is none': {
    main: `${SERVICE}${CLASS}export const PATTERN = /(/\n`,
    message: /Unterminated group/,
    at: /^/, // which line, V8 tells to nobody
  },
  'imports a package that is not there': {
    main: `${SERVICE}import 'no-such-package'\n${CLASS}`,
    message: /no-such-package/,
    at: /main\.EXT\b/,
  },
  'imports a file that is not there': {
    main: `${SERVICE}import './absent.js'\n${CLASS}`,
    message: /absent\.js/,
    at: /main\.EXT\b/,
  },
  'imports a file by a name made as it runs, which is not there': {
    main: `${SERVICE}${CLASS}await import(['./absent', 'js'].join('.'))\n`,
    message: /absent\.js/,
    at: /main\.EXT\b/,
  },
  'imports what a package does not export': {
    main: `${SERVICE}import { nothing } from '@troupe/worker-host'\nnothing()\n${CLASS}`,
    message: /nothing/,
    at: /main\.EXT:2\b/,
  },
  'exports no service': { main: 'export const one = 1\n', message: /exports no class/, at: /main\.EXT" needs one/ },
  'exports two services': {
    main: `${SERVICE}${CLASS}export class Other extends Service {}\n`,
    message: /its services: Main, Other/,
    at: /main\.EXT" needs one/,
  },
}

const TYPESCRIPT: Readonly<Record<string, Failure>> = {
  'has a decorator that is given nonsense': {
    main: `${SERVICE}export class Main extends Service {\n  @expose()\n  one(): number {\n    return 1\n  }\n}\n`,
    message: /needs at least one policy/,
    at: /main\.EXT:4:/,
  },
}

const JAVASCRIPT: Readonly<Record<string, Failure>> = {
  'meets a syntax error as it runs, and would meet another one later': {
    main: `${SERVICE}${CLASS}JSON.parse('{oops')\nexport const later = () => import('./part.js')\n`,
    part: 'export const two = )\n',
    message: /JSON/,
    at: /^SyntaxError: [^\n]*\n {4}at JSON\.parse [^\n]*\n {4}at [^\n]*main\.EXT:3:/,
  },
}

const CASES = [
  ...Object.entries(BOTH).flatMap(([what, failure]) => [
    ['ts', what, failure] as const,
    ['js', what, failure] as const,
  ]),
  ...Object.entries(TYPESCRIPT).map(([what, failure]) => ['ts', what, failure] as const),
  ...Object.entries(JAVASCRIPT).map(([what, failure]) => ['js', what, failure] as const),
]

describe.each(KINDS)('in a %s:', (kind) => {
  it.each(CASES)('a .%s module that %s fails the start with its own name', async (ext, _, failure) => {
    const { main, part = '', message, at } = failure
    const named = (text: string) => text.replaceAll('EXT', ext)
    await using code = await openPackage({ [`main.${ext}`]: named(main), [`part.${ext}`]: named(part) })
    await using pool = new Pool()
    const module = join(code.folder, `main.${ext}`)
    const place = await placeOf(pool, kind)
    const error = await place.spawn({ name: 'main', module }).then(
      () => expect.unreachable('it has started'),
      (reason: Error) => reason,
    )
    expect(error).toMatchObject({ code: 'ERR_TROUPE_START_FAILED', message: expect.stringMatching(message) })
    expect(error.message).toContain(`"main" failed while loading ${module}: `)
    const { stack } = error.cause as Error
    expect(stack).toMatch(new RegExp(named(at.source)))
    expect(stack).not.toMatch(/cache\/troupe\/\w+\.mjs/)
  })
})
