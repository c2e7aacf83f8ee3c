/** The findings as JSON: one line for each group and each unreadable path, in pieces, because there can be a million. */
import type { Findings, HuntStats } from './hunt.ts'
import { inJson } from './names.ts'

export interface Outcome extends Findings {
  readonly stats: HuntStats & {
    /** Threads that `--chaos` killed. */
    readonly kills: number
    /** Since the process began. */
    readonly elapsedMs: number
  }
}

export function* jsonDocument({ groups, unreadable, stats }: Outcome): Generator<string> {
  yield '{\n"groups": '
  yield* lines(groups, ({ sha256, bytes, paths }) => ({ sha256, bytes, paths: paths.map(inJson) }))
  yield ',\n"unreadable": '
  yield* lines(unreadable, ({ path, code, reason }) => ({ path: inJson(path), code, reason }))
  yield `,\n"stats": ${JSON.stringify(stats)}\n}\n`
}

function* lines<T>(rows: readonly T[], toJson: (row: T) => object): Generator<string> {
  yield '['
  for (const [index, row] of rows.entries()) yield `${index > 0 ? ',' : ''}\n${JSON.stringify(toJson(row))}`
  yield rows.length > 0 ? '\n]' : ']'
}
