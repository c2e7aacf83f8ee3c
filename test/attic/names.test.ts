import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BytePath, fromBytes, inJson, join, onTerminal, pathOf } from '../../packages/examples/attic/names.ts'
import { run } from './tools.ts'

// Bytes that mean something in one of the forms come often.
const byte = fc.oneof(
  fc.integer({ min: 1, max: 255 }),
  fc.constantFrom(...Buffer.from(`\\x4'"$\n\x1b`), 0xc3, 0xa9, 0xe9, 0xf0, 0x9f),
)
const absolutePath = fc.array(byte, { maxLength: 40 }).map((bytes) => fromBytes(Uint8Array.from([0x2f, ...bytes])))

const path = (text: string): BytePath => fromBytes(Buffer.from(text))
const latin1 = (text: string): BytePath => fromBytes(Buffer.from(text, 'latin1'))

describe('a path written for programs', () => {
  it('is read back byte for byte, whatever its bytes', () => {
    fc.assert(fc.property(absolutePath, (bytes) => pathOf(inJson(bytes)) === bytes))
  })

  it('is read back byte for byte after a trip through JSON', () => {
    fc.assert(fc.property(absolutePath, (bytes) => pathOf(JSON.parse(JSON.stringify(inJson(bytes)))) === bytes))
  })

  it('is the name itself when that is valid UTF-8', () => {
    const character = fc.integer({ min: 1, max: 0x10ffff }).map((code) => String.fromCodePoint(code))
    const names = fc.string({ unit: character.filter((text) => text.isWellFormed()) })
    fc.assert(fc.property(names, (name) => inJson(path(`/${name}`)) === `/${name}`))
  })

  it.each([
    ['/caf\xe9', "$'/caf\\xe9'"],
    ['/it\'s "\xff" \\ $HOME', `$'/it\\'s "\\xff" \\\\ $HOME'`],
    ['/new\nline \xff', "$'/new\\x0aline \\xff'"],
    ['/\xed\xa0\x80', "$'/\\xed\\xa0\\x80'"], // a surrogate is no UTF-8
    ['/\xff\xc3\xa9', "$'/\\xff\xe9'"], // and what is, stays readable beside it
  ])('has the bytes of %j that are no UTF-8 as \\xNN', (bytes, written) => {
    expect(inJson(latin1(bytes))).toBe(written)
  })
})

describe('a path written for people', () => {
  it('is read back byte for byte, whatever its bytes', () => {
    fc.assert(fc.property(absolutePath, (bytes) => pathOf(onTerminal(bytes)) === bytes))
  })

  it('never holds a control, format or separator character', () => {
    fc.assert(fc.property(absolutePath, (bytes) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(onTerminal(bytes))))
  })

  it.each([
    ['/a b/é 🎭 \\ \'"', '/a b/é 🎭 \\ \'"'],
    ['/\x1b[31mred', "$'/\\x1b[31mred'"],
    ['/\u202egnp.exe', "$'/\\xe2\\x80\\xaegnp.exe'"],
    ['/\u009b2J', "$'/\\xc2\\x9b2J'"],
  ])('shows %j as %s', (name, shown) => {
    expect(onTerminal(path(name))).toBe(shown)
  })

  it('is taken by bash as it stands, where it is quoted', () => {
    const paths = fc.sample(absolutePath, 300).filter((bytes) => onTerminal(bytes).startsWith('$'))
    const script = `printf '%s\\0' ${paths.map(onTerminal).join(' ')}`

    const read = run('bash', ['-s'], Buffer.from(script)).toString('latin1').split('\0').slice(0, -1)

    expect(read).toEqual(paths)
  })
})

describe('join', () => {
  it('puts one slash between a folder and a name, also below the root', () => {
    expect(join(path('/a'), Buffer.from('b'))).toBe('/a/b')
    expect(join(path('/'), Buffer.from('b'))).toBe('/b')
  })
})
