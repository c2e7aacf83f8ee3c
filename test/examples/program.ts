/** Runs an example as a reader does: its `main.ts` in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** SQLite is experimental in Node 22, which says so on stderr. */
const QUIET = '--disable-warning=ExperimentalWarning'

export interface Ended {
  readonly exitCode: number | null
  readonly stderr: string
}

export class Program implements AsyncDisposable {
  output = ''
  readonly ended: Promise<Ended>
  readonly #child
  #isOver = false
  #seen = Promise.withResolvers<void>()

  constructor(example: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const main = join(import.meta.dirname, '../../packages/examples', example, 'main.ts')
    // vitest's own variables must not reach a program that is run as users run it.
    const { NODE_OPTIONS: _options, INIT_CWD: _where, ...inherited } = process.env
    this.#child = spawn(process.execPath, [QUIET, main, ...args], { env: { ...inherited, ...env }, stdio: 'pipe' })
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk
      this.#wake()
    })
    this.ended = Promise.all([text(this.#child.stderr), once(this.#child, 'close')]).then(([stderr, [exitCode]]) => {
      this.#isOver = true
      this.#wake()
      return { exitCode, stderr }
    })
  }

  get lines(): readonly string[] {
    return this.output.trimEnd().split('\n')
  }

  type(keys: string): void {
    this.#child.stdin.write(keys)
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves, with what has matched, once the output from there on does. */
  async shows(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output.slice(from))
      if (found) return found
      if (this.#isOver) {
        const { stderr } = await this.ended
        throw new Error(`it never showed ${pattern}, but: ${JSON.stringify(this.output)}, and: ${stderr}`)
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
    await this.ended
  }
}

export const WELL = { exitCode: 0, stderr: '' }
