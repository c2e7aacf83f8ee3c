/**
 * Arguments and results held to a schema of any library that speaks Standard Schema (zod, valibot, arktype …). Checked in
 * the service's thread, before the method runs; what the schema made of the values is what the method gets.
 */
import { BadArgumentsError, type Issue } from '../errors/catalogue.ts'

/** Standard Schema 1.0, as far as it is used here; copied, as its authors advise, since it is types alone. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export interface Specs {
  /** Of the list of arguments: a tuple. */
  readonly args: StandardSchema | undefined
  /** Of the result; for a stream, of each item. */
  readonly returns: StandardSchema | undefined
}

type Run = (this: object, ...args: unknown[]) => unknown

export function isSchema(value: unknown): value is StandardSchema {
  const standard = (value as { '~standard'?: { validate?: unknown } } | null | undefined)?.['~standard']
  return typeof standard?.validate === 'function'
}

/** The method, with its arguments and its result checked; where the schemas are synchronous, so is this. */
export function withSpecs(run: Run, { args, returns }: Specs, subject: string): Run {
  if (args === undefined && returns === undefined) return run
  return function (this: object, ...given: unknown[]): unknown {
    const parsed = args === undefined ? given : parse(args, given, `arguments of ${subject}`, 'argument ')
    const result = then(parsed, (list) => Reflect.apply(run, this, list as unknown[]))
    return returns === undefined
      ? result
      : then(result, (value) => parse(returns, value, `result of ${subject}`, 'result'))
  }
}

/** The same for an async generator function: a stream has begun before its arguments can be awaited. */
export function withStreamSpecs(run: Run, { args, returns }: Specs, subject: string): Run {
  if (args === undefined && returns === undefined) return run
  return async function* (this: object, ...given: unknown[]): AsyncGenerator {
    const parsed = args === undefined ? given : await parse(args, given, `arguments of ${subject}`, 'argument ')
    const items = Reflect.apply(run, this, parsed as unknown[]) as AsyncGenerator
    if (returns === undefined) yield* items
    else for await (const item of items) yield parse(returns, item, `an item of ${subject}`, 'item')
  }
}

/** @throws {BadArgumentsError} ERR_TROUPE_BAD_ARGUMENTS with every issue */
function parse(schema: StandardSchema, value: unknown, subject: string, root: string): unknown {
  return then(schema['~standard'].validate(value), (result) => {
    const { issues } = result
    if (issues === undefined) return result.value
    throw new BadArgumentsError(
      subject,
      issues.map(({ message, path = [] }): Issue => ({ path: pathOf(root, path), message })),
    )
  })
}

function pathOf(root: string, path: NonNullable<SchemaIssue['path']>): string {
  const keys = path.map((step) => (typeof step === 'object' ? step.key : step))
  const isArgument = root.endsWith(' ')
  const [first, ...rest] = isArgument ? keys : [undefined, ...keys]
  const start = isArgument ? (first === undefined ? 'arguments' : root + String(first)) : root
  return start + rest.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
}

/** Goes on at once with what is there, later with what is promised. */
function then<T>(value: T | PromiseLike<T>, next: (value: T) => unknown): unknown {
  const isPromised = typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
  return isPromised ? (value as PromiseLike<T>).then(next) : next(value as T)
}
