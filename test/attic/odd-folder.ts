/** A folder with everything that makes finding duplicates hard. */

import { once } from 'node:events'
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { scratchFolder } from './scratch.ts'
import { run } from './tools.ts'

export interface OddFolder extends AsyncDisposable {
  readonly path: string
  /** Not below `path`. */
  readonly catalogue: string
}

export async function oddFolder(): Promise<OddFolder> {
  const scratch = scratchFolder()
  const path = join(scratch.path, 'odd')
  const place = (name: string | Buffer, content: string | Uint8Array) => writeFileSync(inside(path, name), content)
  mkdirSync(join(path, 'deep/er'), { recursive: true })

  place('same size, other content', 'attic A')
  for (const name of ['plain', 'deep/copy', 'deep/er/copy']) place(name, 'attic B')
  place('alone in its size', 'nobody else has 31 bytes here..')

  for (const name of ['empty', 'deep/empty', 'deep/er/empty']) place(name, '')

  const large = Buffer.alloc(3 * 1024 * 1024 + 1, 'large')
  for (const name of ['large', 'deep/large']) place(name, large)
  large[large.length - 1] = 0
  place('large but for its last byte', large)

  place('linked', 'hard links only')
  linkSync(join(path, 'linked'), join(path, 'deep/linked'))
  place('linked and copied', 'hard links and a copy')
  linkSync(join(path, 'linked and copied'), join(path, 'deep/again linked and copied'))
  place('copy of the linked', 'hard links and a copy')

  for (const [name, target] of [
    ['to file', 'plain'],
    ['to folder', 'deep'],
    ['to itself', 'to itself'],
    ['to nothing', 'gone'],
  ]) {
    symlinkSync(target!, join(path, `link ${name}`))
  }

  for (const name of ODD_NAMES) place(name, 'odd names')
  mkdirSync(inside(path, Buffer.from('folder \xfe', 'latin1')))
  place(Buffer.from('folder \xfe/odd name below', 'latin1'), 'odd names')

  place('forbidden', 'attic B')
  place('forbidden and empty', '')
  mkdirSync(join(path, 'forbidden folder'))
  place('forbidden folder/copy', 'attic B')
  for (const name of ['forbidden', 'forbidden and empty', 'forbidden folder']) chmodSync(join(path, name), 0)

  run('mkfifo', [join(path, 'fifo')])
  const server = createServer().listen(join(path, 'socket'))
  await once(server, 'listening')

  return {
    path,
    catalogue: join(scratch.path, 'catalogue.db'),
    [Symbol.asyncDispose]: async () => {
      server.close()
      chmodSync(join(path, 'forbidden folder'), 0o700)
      scratch[Symbol.dispose]()
    },
  }
}

const ODD_NAMES: readonly (string | Buffer)[] = [
  'new\nline',
  'tab\tand \x1b[31mescape\x1b[0m',
  'back\\slash \\x41 \\n',
  `it's "quoted" $HOME`,
  "$'like the notation'",
  '-rf',
  ' spaces ',
  'é composed',
  'e\u0301 decomposed',
  '\ufeffmark 🎭',
  Buffer.from('caf\xe9', 'latin1'),
  Buffer.from("\xff\xfe\\'\n", 'latin1'),
  Buffer.from('\xed\xa0\x80 surrogate', 'latin1'),
]

const inside = (folder: string, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)])
