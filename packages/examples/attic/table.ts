/** The findings for people: a table of the largest groups, the sums, and what could not be read. */
import { styleText } from 'node:util'
import { type Group, reclaimableBytes } from './groups.ts'
import type { Findings, HuntStats } from './hunt.ts'
import { onTerminal } from './names.ts'
import { counted, inBytes, inWords } from './quantities.ts'
import type { Unreadable } from './unreadable.ts'

/** Of a group's paths, and of the unreadable ones, as many are shown; `--json` has them all. */
const PATHS_SHOWN = 3
const UNREADABLE_SHOWN = 20

/** @param top how many groups */
export function table(findings: Findings, top: number): string {
  const { groups, unreadable, stats } = findings
  const shown = groups.slice(0, top)
  const sections = [shown.length > 0 ? groupRows(shown) : [], sums(stats), unreadableRows(unreadable)]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

type Row = readonly [frees: string, files: string, each: string, sha256: string, path: string]

function groupRows(groups: readonly Group[]): string[] {
  const header: Row = ['frees', 'files', 'each', 'sha-256', 'paths']
  const rows: readonly Row[] = [header, ...groups.flatMap(rowsOf)]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row, index) => {
    const numbers = widths.map((width, column) => row[column]!.padStart(width)).join('  ')
    const line = `${numbers}  ${row[3].padEnd(12)}  ${row[4]}`
    return index === 0 ? bold(line) : line
  })
}

function rowsOf(group: Group): Row[] {
  const { bytes, paths, sha256 } = group
  const first: Row = [
    inBytes(reclaimableBytes(group)),
    inWords(paths.length),
    inBytes(bytes),
    sha256.slice(0, 12),
    onTerminal(paths[0]!),
  ]
  const others = paths.slice(1, PATHS_SHOWN).map(onTerminal)
  if (paths.length > PATHS_SHOWN) others.push(`… and ${inWords(paths.length - PATHS_SHOWN)} more`)
  return [first, ...others.map((path): Row => ['', '', '', '', path])]
}

function sums(stats: HuntStats): string[] {
  const links = stats.hardLinks > 0 ? `, and ${counted(stats.hardLinks, 'hard link')} to them` : ''
  return [
    bold(
      `${counted(stats.groups, 'group')} of duplicates, ${inBytes(stats.reclaimableBytes)} could be freed (${counted(stats.duplicates, 'file')})`,
    ),
    `${counted(stats.filesSeen, 'file')} of ${inBytes(stats.bytesSeen)} in ${counted(stats.folders, 'folder')}${links}`,
    `${inWords(stats.candidates)} of equal size: ${inWords(stats.filesRead)} read (${inBytes(stats.bytesRead)}), ${inWords(stats.fromCatalogue)} known from the catalogue`,
  ]
}

function unreadableRows(unreadable: readonly Unreadable[]): string[] {
  if (unreadable.length === 0) return []
  const rows = unreadable
    .slice(0, UNREADABLE_SHOWN)
    .map(({ path, code, reason }) => `  ${onTerminal(path)}: ${reason} (${code})`)
  const left = unreadable.length - rows.length
  return [
    bold(`${inWords(unreadable.length)} could not be read`),
    ...rows,
    ...(left > 0 ? [`  … and ${inWords(left)} more`] : []),
  ]
}

// styleText asks stdout whether it is a terminal that wants colours.
const bold = (text: string): string => styleText('bold', text, { stream: process.stdout })
