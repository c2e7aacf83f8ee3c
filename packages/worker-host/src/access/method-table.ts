/**
 * The remote surface of a class: a fixed list of methods, made once. A caller sends a method's number, so nothing that
 * is not in this list can be reached: no base class, no inherited member, no accessor, no `constructor`.
 */
import { BadOptionsError } from '../errors/catalogue.ts'
import { staticField } from '../errors/static-field.ts'
import { withSpecs, withStreamSpecs } from './argument-spec.ts'
import type { ContextId } from './context-id.ts'
import { type ExposedMap, type Exposure, exposureOf, toExposure } from './expose.ts'
import type { Policy } from './policy.ts'
import { describePolicy, type PolicyDescription, policyFrom } from './policy-description.ts'
import { RESERVED_NAMES } from './reserved-names.ts'

type Method = (this: object, ...args: unknown[]) => unknown

/** A method as its thread knows it. */
export interface ExposedMethod {
  readonly name: string
  readonly run: Method
  /** Those that the owner asks. */
  readonly portable: readonly PolicyDescription[]
  /** Those that only the thread can ask. */
  readonly policies: readonly Policy[]
  /** Those that the owner can ask, too. */
  readonly allPolicies: readonly Policy[]
  readonly isCast: boolean
  readonly isIdempotent: boolean
  readonly killAfterMs: number | undefined
  readonly isStream: boolean
}

/** A method as its owner knows it; its number is its place in the list. */
export interface MethodDescription {
  readonly name: string
  /** Calls give an async iterable, not a promise. */
  readonly isStream: boolean
  /** The policies that the owner asks; the others are asked in the thread. */
  readonly policies: readonly PolicyDescription[]
  /** A call may be repeated. */
  readonly isIdempotent: boolean
  /** The caller waits for no more than the hand-over. */
  readonly isCast: boolean
  /** How long after its call was aborted a method that still runs has its thread killed. */
  readonly killAfterMs: number | undefined
}

/**
 * @param base where the surface ends: neither this class nor what is above it is ever reached
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS for a name that can't be exposed
 */
export function methodTable(
  type: { readonly name: string; readonly prototype: object },
  base: object,
): ExposedMethod[] {
  const table = new Map<string, ExposedMethod>()
  const hidden = new Set<string>()
  for (
    let prototype = type.prototype;
    prototype !== base && prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const declared = staticField<ExposedMap>(prototype, 'exposed') ?? {}
    for (const name of Object.keys(declared)) requireMethod(type, prototype, base, checkName(type.name, name))
    for (const name of new Set([...Object.getOwnPropertyNames(prototype), ...Object.keys(declared)])) {
      if (table.has(name) || hidden.has(name) || name === 'constructor') continue
      const run = methodNamed(Object.hasOwn(prototype, name) ? prototype : type.prototype, name)
      const exposure = Object.hasOwn(declared, name)
        ? toExposure(declared[name]!, `"${name}" in the static field "exposed" of "${type.name}"`)
        : run && exposureOf(run)
      if (run && exposure)
        table.set(name, toExposedMethod(checkName(type.name, name), run, exposure, `"${type.name}.${name}"`))
      else hidden.add(name) // an override that is not exposed hides the exposed method above it
    }
  }
  return [...table.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function describeMethod({ run: _, portable, allPolicies: __, ...described }: ExposedMethod): MethodDescription {
  return { ...described, policies: portable }
}

/** The method as callers reach it: its arguments and result checked, the result of a cast left out. */
function toExposedMethod(name: string, run: Method, exposure: Exposure, subject: string): ExposedMethod {
  const { specs, policies: all, ...options } = exposure
  const isStream = run instanceof AsyncGeneratorFunction
  if (isStream && exposure.isCast) throw new BadOptionsError(`${subject} is a stream, which can't be without a reply`)
  const checked = (isStream ? withStreamSpecs : withSpecs)(run, specs, subject)
  const portable = all.map(describePolicy).filter((description) => description !== undefined)
  const policies = all.filter((policy) => describePolicy(policy) === undefined)
  return {
    name,
    run: exposure.isCast ? withoutResult(checked) : checked,
    isStream,
    portable,
    policies,
    allPolicies: all,
    ...options,
  }
}

function withoutResult(run: Method): Method {
  return function (this: object, ...args: unknown[]): unknown {
    const result = Reflect.apply(run, this, args)
    return result instanceof Promise ? result.then(() => undefined) : undefined
  }
}

/** Asks every policy that the owner can ask. */
export function isAdmitted(method: MethodDescription, caller: ContextId, context: ContextId, service: string): boolean {
  const question = { caller, context, service, method: method.name }
  return method.policies.every((policy) => policyFrom(policy).isAuthorized(question))
}

function requireMethod(type: { name: string }, prototype: object, base: object, name: string): void {
  for (let at = prototype; at !== base && at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, name) && methodNamed(at, name)) return
  }
  throw new BadOptionsError(`the static field "exposed" names "${name}", "${type.name}" has no such method`)
}

/** A method of the prototype chain; never runs a getter. */
function methodNamed(from: object, name: string): Method | undefined {
  for (let at: object | null = from; at !== null; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, name)
    if (property) return typeof property.value === 'function' ? property.value : undefined
  }
  return undefined
}

function checkName(type: string, name: string): string {
  if (!RESERVED_NAMES.has(name) && !name.startsWith('$')) return name
  throw new BadOptionsError(
    `"${type}.${name}" can't be exposed: proxies keep "$…", ${[...RESERVED_NAMES].join(', ')} to themselves`,
  )
}

const AsyncGeneratorFunction = async function* () {}.constructor
