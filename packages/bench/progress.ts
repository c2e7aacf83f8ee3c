/** Tells a waiting person what happens. It writes to stderr only: stdout belongs to the result. */
export type Progress = (phase: string, detail: string) => void

const CLEAR_LINE = '\r\x1b[2K'

/** On a terminal one line that rewrites itself and is gone at the end; in a log one line per phase. */
export function openProgress(question: string): { progress: Progress; close(): void } {
  const { stderr } = process
  let lastPhase = ''
  return {
    progress(phase, detail) {
      if (stderr.isTTY) stderr.write(`${CLEAR_LINE}${question}: ${phase}, ${detail}`)
      else if (phase !== lastPhase) stderr.write(`${question}: ${phase}\n`)
      lastPhase = phase
    },
    close() {
      if (stderr.isTTY) stderr.write(CLEAR_LINE)
    },
  }
}
