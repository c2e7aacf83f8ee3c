/** Lengths of time, as people write them. */
import { BadOptionsError } from '../errors/catalogue.ts'
import { shown } from '../errors/require-options.ts'

/** A number of milliseconds, or a text: `'250ms'`, `'10s'`, `'1.5m'`, `'1h'`. */
export type Duration = number | `${number}${keyof typeof UNITS}`

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/

/**
 * @param subject what the duration is of, for the message
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for what is no duration, endless and negative ones included
 */
export function toMs(duration: Duration, subject: string): number {
  const [, count, unit] = (typeof duration === 'string' && PATTERN.exec(duration)) || []
  const ms = unit === undefined ? duration : Number(count) * UNITS[unit as keyof typeof UNITS]
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return ms
  throw new BadOptionsError(
    `${subject} needs milliseconds from 0, or a text such as '250ms', '10s', '5m', '1h', found ${shown(duration)}`,
  )
}

/** As `toMs`, for what is repeated: nothing can be repeated without any time between. */
export function toIntervalMs(duration: Duration, subject: string): number {
  const ms = toMs(duration, subject)
  if (ms > 0) return ms
  throw new BadOptionsError(`${subject} needs more than 0 ms between two calls, found ${shown(duration)}`)
}
