import { BadOptionsError, messageOf } from './catalogue.ts'

/** An option's number and what it must be. */
interface Bounds {
  readonly from?: number
  readonly above?: number
  readonly to?: number
  readonly isWhole?: boolean
}

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
export function requireNumber(name: string, value: number, { from, above, to, isWhole = false }: Bounds): void {
  const isGood =
    typeof value === 'number' &&
    !Number.isNaN(value) &&
    (from === undefined || value >= from) &&
    (above === undefined || value > above) &&
    (to === undefined || value <= to) &&
    (!isWhole || Number.isInteger(value))
  if (isGood) return
  const bounds = [
    from === undefined ? '' : ` from ${from}`,
    above === undefined ? '' : ` above ${above}`,
    to === undefined ? '' : ` up to ${to}`,
  ]
  throw new BadOptionsError(
    `"${name}" must be a ${isWhole ? 'whole ' : ''}number${bounds.join('')}, found ${messageOf(value)}`,
  )
}
