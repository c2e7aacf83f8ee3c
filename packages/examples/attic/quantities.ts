/** Numbers for people: `1,204`, `3.4 MB`. */

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'] as const

export const inWords = (count: number): string => count.toLocaleString('en')

/** `1 file`, `2 files` */
export const counted = (count: number, noun: string): string => `${inWords(count)} ${noun}${count === 1 ? '' : 's'}`

/** In powers of 1000, three digits or so. */
export function inBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = -1
  do {
    value /= 1000
    unit++
  } while (value >= 999.5 && unit < UNITS.length - 1)
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`
}
