/** What tests of services import. */
export { ManualClock } from './clock/manual-clock.ts'
