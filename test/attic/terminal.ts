/** A command on a terminal of its own, by script(1): what it draws can be awaited, and keys can be typed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { missing } from './tools.ts'

export const CTRL_C = '\x03'

export class Terminal implements AsyncDisposable {
  output = ''
  /** Resolves with the command's exit code. */
  readonly ended: Promise<number>
  #isOver = false
  readonly #child
  #seen = Promise.withResolvers<void>()

  /** @param command for the shell; its words quoted by `shellWords` */
  constructor(command: string, env: Readonly<Record<string, string>> = {}) {
    const { NODE_OPTIONS: _options, INIT_CWD: _where, ...inherited } = process.env
    this.#child = spawn('script', ['-qefc', `stty cols 120; exec ${command}`, '/dev/null'], {
      env: { ...inherited, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
      this.#wake()
    })
    this.ended = once(this.#child, 'close').then(
      ([exitCode]) => exitCode,
      (error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? missing('script') : error
      },
    )
    const over = () => {
      this.#isOver = true
      this.#wake()
    }
    this.ended.then(over, over)
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  /** Resolves once the output so far matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#isOver) {
        await this.ended
        throw new Error(`the terminal never showed ${pattern}, but: ${JSON.stringify(this.output)}`)
      }
      await this.#seen.promise
    }
  }

  #wake(): void {
    this.#seen.resolve()
    this.#seen = Promise.withResolvers()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended.catch(() => {})
  }
}

export const shellWords = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
