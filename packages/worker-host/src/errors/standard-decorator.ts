/** What all decorators ask first: that they are called as the language's own decorators are, on a method. */
import { BadOptionsError } from './catalogue.ts'

/**
 * @param decorator such as `@expose`
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS where a compiler calls decorators as TypeScript's former ones, which
 *   would be heard by nobody, and for anything but a method
 */
export function requireDecoratedMethod(decorator: string, context: unknown): void {
  if (typeof context !== 'object' || context === null) {
    throw new BadOptionsError(
      `${decorator} is a standard decorator: what compiles it must not have the option "experimentalDecorators"`,
    )
  }
  const { kind, name } = context as { readonly kind?: unknown; readonly name?: unknown }
  if (kind === 'method') return
  throw new BadOptionsError(`${decorator} on "${String(name)}" needs a method, found a ${String(kind)}`)
}
