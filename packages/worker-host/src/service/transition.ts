/**
 * Direct moves: a class's own way between two states, by one method, preferred to the way through PAUSED. Declared by a
 * decorator or, in plain JavaScript that nothing compiles, by a static field:
 *
 *     class Views extends Service {
 *       @transition({ from: 'RUNNING', to: 'STOPPED' }) protected quickStop() { … }
 *       @transition({ from: 'PREPARING', to: 'STOPPED' }) protected letGo() { … }
 *     }
 *     class Views extends Service {
 *       static transitions = { quickStop: { from: 'RUNNING', to: 'STOPPED' } }
 *       quickStop() { … }
 *     }
 *
 * A move from a state of motion overtakes the hook that runs there: it begins at once when a stop is asked for, and what
 * becomes of that hook counts no more.
 *
 * An override is a new method: it is a move only when it says so itself. A subclass's move replaces its parent's.
 */
import { oncePerThread } from '../copies/once-per-thread.ts'
import { BadOptionsError } from '../errors/catalogue.ts'
import { requireDecoratedMethod } from '../errors/require-decorated-method.ts'
import { staticField } from '../errors/static-field.ts'
import type { ServiceState } from './service.ts'

/** The states in which a service rests, and which can be asked for. */
export type RestState = 'STOPPED' | 'PAUSED' | 'RUNNING'

/** One move between two states, carried out by one function of the service. */
export interface Move {
  readonly from: ServiceState
  readonly to: RestState
  /** The state of the service while the function runs. */
  readonly via: ServiceState
  /** The name of the method. */
  readonly hook: string
}

/** What `transition` is given. */
export interface TransitionOptions {
  readonly from: ServiceState
  readonly to: RestState
}

/** The static form: method name → its move. */
export type TransitionMap = Readonly<Record<string, TransitionOptions>>

/**
 * Every move that a class can add. The others have a hook already, lead nowhere, or would leave an overtaken hook
 * running in a service that lives on: only with the thread it is certain to end.
 */
const DIRECT: readonly Omit<Move, 'hook'>[] = [
  { from: 'STOPPED', to: 'RUNNING', via: 'PREPARING' },
  { from: 'RUNNING', to: 'STOPPED', via: 'STOPPING' },
  { from: 'PREPARING', to: 'STOPPED', via: 'STOPPING' },
  { from: 'STARTING', to: 'STOPPED', via: 'STOPPING' },
  { from: 'PAUSING', to: 'STOPPED', via: 'STOPPING' },
]

/** Whether a service works less after it: a pause, a stop, and every direct move to STOPPED. */
export const leadsDown = ({ from, to }: Move): boolean => from !== 'STOPPED' && to !== 'RUNNING'

interface Registry {
  /** By function, as in access/expose.ts. */
  readonly byMethod: WeakMap<object, Omit<Move, 'hook'>>
  /** Keyed by the object that a compiler gives to all decorators of one class, if it does; its moves, by `keyOf`. */
  readonly byClass: WeakMap<object, Map<string, string>>
}
const { byMethod, byClass } = oncePerThread<Registry>('transitions', () => ({
  byMethod: new WeakMap(),
  byClass: new WeakMap(),
}))

type Method = () => unknown

/**
 * Makes the method a direct move. Like a hook it runs in the service's thread, with the deadline `transitionMs`.
 *
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS, when the class is defined: on what is no possible move, on a method
 *   that is one already, on a second method for one move, and on a static, private or symbol-named method
 */
export function transition(options: TransitionOptions) {
  return (method: Method, context: ClassMethodDecoratorContext): void => {
    const subject = requireDecoratedMethod('@transition', context)
    if (byMethod.has(method)) throw new BadOptionsError(`${subject}: the method is a move already`)
    const move = toMove(options, subject)
    if (context.metadata) claim(ownMoves(context.metadata), move, String(context.name), subject)
    byMethod.set(method, move)
  }
}

/**
 * Finds the moves that a class adds; the nearest method of a name, and the nearest method for a move, count.
 *
 * @param base where the search ends
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a static form that can't be right, and for two methods of one
 *   class for one move
 */
export function movesOf(type: { readonly name: string; readonly prototype: object }, base: object): readonly Move[] {
  const moves = new Map<string, Move>()
  const seen = new Set(['constructor'])
  for (let at = type.prototype; at !== base && at !== null; at = Object.getPrototypeOf(at)) {
    const here = new Map<string, string>()
    const declared = staticField<TransitionMap>(at, 'transitions') ?? {}
    for (const hook of new Set([...Object.keys(declared), ...Object.getOwnPropertyNames(at)])) {
      const subject = `"${hook}" in the static field "transitions" of "${type.name}"`
      const method: unknown = Object.getOwnPropertyDescriptor(at, hook)?.value
      const move = Object.hasOwn(declared, hook)
        ? toMove(declared[hook]!, subject)
        : typeof method === 'function' && byMethod.get(method)
      if (Object.hasOwn(declared, hook) && typeof method !== 'function') {
        throw new BadOptionsError(`${subject} is no method`)
      }
      if (move) claim(here, move, hook, subject)
      if (move && !seen.has(hook) && !moves.has(keyOf(move))) moves.set(keyOf(move), { ...move, hook })
      seen.add(hook)
    }
  }
  return [...moves.values()]
}

function toMove(options: TransitionOptions, subject: string): Omit<Move, 'hook'> {
  const { from, to, ...unknown }: Partial<TransitionOptions> = options ?? {}
  const names = Object.keys(unknown)
  if (names.length > 0) throw new BadOptionsError(`${subject}: unknown "${names.join('", "')}", known: from, to`)
  const move = DIRECT.find((direct) => direct.from === from && direct.to === to)
  if (move !== undefined) return move
  const possible = DIRECT.map((direct) => `${direct.from} → ${direct.to}`).join(', ')
  throw new BadOptionsError(
    `${subject}: ${String(from)} → ${String(to)} is no move that can be added, those are ${possible}`,
  )
}

/** Two methods for one move: nobody could tell which. */
function claim(own: Map<string, string>, move: Omit<Move, 'hook'>, hook: string, subject: string): void {
  const other = own.get(keyOf(move))
  if (other !== undefined) {
    throw new BadOptionsError(`${subject}: ${keyOf(move)} is the move of "${other}" already`)
  }
  own.set(keyOf(move), hook)
}

function ownMoves(metadata: object): Map<string, string> {
  const own = byClass.get(metadata) ?? new Map<string, string>()
  byClass.set(metadata, own)
  return own
}

const keyOf = ({ from, to }: TransitionOptions): string => `${from} → ${to}`
