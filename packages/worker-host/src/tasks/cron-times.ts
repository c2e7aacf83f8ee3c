/**
 * When a cron specification comes due. croner reads it: 4 ms to load, which only threads that have a cron job pay.
 */
import { BadOptionsError, messageOf } from '../errors/catalogue.ts'

/** The first time due after the one given, in milliseconds since 1970; undefined when there is none any more. */
export type NextTime = (afterMs: number) => number | undefined

/** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a specification or a zone that can't be read */
export async function cronTimes(spec: string, timezone: string | undefined, subject: string): Promise<NextTime> {
  const { Cron } = await import('croner')
  try {
    const fields = String(spec).trim().split(/\s+/).length
    if (fields !== 5 && fields !== 6) throw new RangeError(`it has ${fields} fields`)
    const times = new Cron(spec, { paused: true, mode: '5-or-6-parts', ...(timezone !== undefined && { timezone }) })
    const next: NextTime = (afterMs) => times.nextRun(new Date(afterMs))?.getTime()
    if (next(0) === undefined) throw new RangeError('it never comes due')
    return next
  } catch (cause) {
    const zone = timezone === undefined ? '' : ` in the zone "${timezone}"`
    throw new BadOptionsError(
      `${subject} needs five fields, or six with seconds, found '${String(spec)}'${zone}: ${messageOf(cause)}`,
      { cause },
    )
  }
}
