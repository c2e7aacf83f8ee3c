/**
 * File names are bytes, and need not be text. attic carries a path as a `BytePath`: a string with one character for each
 * byte (latin1). So it can be a key, it is cloned to another thread at the price of a string, and `<` is byte order,
 * none of which a Buffer gives. What is shown to people and programs is made here:
 *
 *     path (bytes)              in JSON            on a terminal
 *     /a/café                   /a/café            /a/café
 *     /a/new⏎line               /a/new\nline (1)   $'/a/new\x0aline'
 *     /a/caf<e9>                $'/a/caf\xe9'      $'/a/caf\xe9'
 *     /a/it's<ff>\              $'/a/it\'s\xff\\'  $'/a/it\'s\xff\\'
 *     (1) JSON's own escape: a parser gives the name as it is
 *
 * A path that is valid UTF-8 is written as it is. One that is not is written as the shell's `$'…'`, in which `\xNN` is a
 * byte, `\\` a backslash and `\'` a quote; bash takes it as it stands. A terminal gets that form also for names with
 * control or invisible characters. All paths are absolute, so that none begins with `$`, and `pathOf` reads both forms.
 */
import { isUtf8 } from 'node:buffer'

/** A path as the file system has it, one character for each byte. */
export type BytePath = string & { readonly [bytePath]: true }
declare const bytePath: unique symbol

/** Control, format and separator characters: they move the cursor, or can't be seen. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

export const fromBytes = (bytes: Uint8Array): BytePath => Buffer.from(bytes).toString('latin1') as BytePath

export const toBytes = (path: BytePath): Buffer => Buffer.from(path, 'latin1')

export const fromText = (text: string): BytePath => fromBytes(Buffer.from(text))

/** @param name bytes, as a directory lists them */
export const join = (folder: BytePath, name: Uint8Array): BytePath =>
  `${folder}${folder.endsWith('/') ? '' : '/'}${fromBytes(name)}` as BytePath

/** The path for programs: text as it is, `$'…'` where the bytes are no text. */
export function inJson(path: BytePath): string {
  const bytes = toBytes(path)
  return isUtf8(bytes) ? bytes.toString() : quote(bytes)
}

/** The path for people: one line, nothing that could steer a terminal. */
export function onTerminal(path: BytePath): string {
  const text = inJson(path)
  return UNPRINTABLE.test(text) ? quote(toBytes(path)) : text
}

/** The path that `inJson` or `onTerminal` wrote. */
export function pathOf(written: string): BytePath {
  if (!written.startsWith("$'")) return fromText(written)
  const escaped = fromText(written.slice(2, -1))
  const plain = escaped.replace(/\\(?:x([0-9a-f]{2})|(.))/gs, (_match, hex?: string, character?: string) =>
    hex === undefined ? character! : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return plain as BytePath
}

function quote(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    const character = bytes.toString('utf8', at, at + length)
    if (length === 0) text += hexByte(bytes[at]!)
    else if (character === '\\' || character === "'") text += `\\${character}`
    else if (UNPRINTABLE.test(character)) text += Array.from(bytes.subarray(at, at + length), hexByte).join('')
    else text += character
    at += Math.max(length, 1)
  }
  return `$'${text}'`
}

/** How many bytes the character at `at` takes; 0 where no valid one begins. */
function characterLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length
  }
  return 0
}

const hexByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`
