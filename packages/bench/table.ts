/**
 * Text in columns. The first `labels` columns are words and start at the left, all others are numbers and end at the
 * right. A row may be shorter than the title row; its last cell then runs on over the empty columns.
 */
export function table(title: readonly string[], rows: readonly (readonly string[])[], labels: number): string {
  const widths = title.map((heading, column) => {
    const cells = rows.filter((row) => column < row.length - (row.length < title.length ? 1 : 0))
    return Math.max(heading.length, ...cells.map((row) => row[column]!.length))
  })
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const runsOn = row.length < title.length && column === row.length - 1
        return column < labels || runsOn ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
      })
      .join('  ')
      .trimEnd()
  return [line(title), '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...rows.map(line)].join('\n')
}
