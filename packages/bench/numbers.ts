/** Numbers for people: three digits that matter, thousands parted. */
export function readable(value: number): string {
  const digits = Math.abs(value) >= 100 || value === 0 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 4
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function readableRatio(ratio: number | null): string {
  return ratio === null ? '–' : `${readable(ratio)} ×`
}
