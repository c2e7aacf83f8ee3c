/**
 * The progress bar: one line at the bottom of the terminal, drawn ten times a second, gone at the end. Where stderr is
 * not a terminal nothing is drawn, and other lines pass as they are.
 */
import type { Hunt } from './hunt.ts'
import { counted, inBytes, inWords } from './quantities.ts'

const DRAW_MS = 100
const BAR_COLUMNS = 24
const ERASE_LINE = '\r\x1b[2K'

export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #text: () => string
  readonly #isDrawn: boolean
  readonly #timer: NodeJS.Timeout | undefined

  /** @param text the line at this moment */
  constructor(stream: NodeJS.WriteStream, text: () => string) {
    this.#stream = stream
    this.#text = text
    this.#isDrawn = stream.isTTY && process.env.TERM !== 'dumb'
    if (this.#isDrawn) this.#timer = setInterval(() => this.draw(), DRAW_MS)
  }

  draw(): void {
    // One column stays free: a full line makes some terminals scroll.
    if (this.#isDrawn) this.#stream.write(ERASE_LINE + this.#text().slice(0, (this.#stream.columns || 80) - 1))
  }

  /** Prints a line of its own, above the bar. */
  log(line: string): void {
    this.#erase()
    this.#stream.write(`${line}\n`)
    this.draw()
  }

  #erase(): void {
    if (this.#isDrawn) this.#stream.write(ERASE_LINE)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#erase()
  }
}

export function progressText(hunt: Hunt, nowMs: number): string {
  const { survey, reading, phase } = hunt
  if (phase !== 'hashing')
    return `${phase}  ${counted(survey.inodes.count, 'file')} in ${counted(survey.folders, 'folder')}`
  const bytes = Math.min(hunt.bytesReadSoFar, reading.ofBytes)
  const share = reading.ofBytes > 0 ? bytes / reading.ofBytes : 1
  const files = `${inWords(reading.files)}/${inWords(reading.ofFiles)} files`
  const rate = `${inBytes(Math.round((bytes / (nowMs - hunt.phaseAtMs || 1)) * 1000))}/s`
  return `hashing ${bar(share)} ${percent(share)}  ${files}  ${inBytes(bytes)} of ${inBytes(reading.ofBytes)}  ${rate}`
}

const bar = (share: number): string => '━'.repeat(Math.round(share * BAR_COLUMNS)).padEnd(BAR_COLUMNS, '─')

const percent = (share: number): string => `${Math.floor(share * 100)}%`.padStart(4)
