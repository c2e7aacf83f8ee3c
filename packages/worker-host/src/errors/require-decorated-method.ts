/** What all decorators ask first: to be called as the language's own are, on a method that its name leads to. */
import { BadOptionsError } from './catalogue.ts'

/**
 * @param decorator such as `@expose`
 * @returns what further errors call it, such as `@expose on "greet"`
 * @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS where a compiler calls decorators as TypeScript's former ones, which
 *   would be heard by nobody, for anything but a method, and for a static, private or symbol-named one
 */
export function requireDecoratedMethod(decorator: string, context: unknown): string {
  if (typeof context !== 'object' || context === null) {
    throw new BadOptionsError(
      `${decorator} is a standard decorator: what compiles it must not have the option "experimentalDecorators"`,
    )
  }
  const { kind, name, private: isPrivate, static: isStatic } = context as Partial<ClassMethodDecoratorContext>
  const subject = `${decorator} on "${String(name)}"`
  if (kind !== 'method') throw new BadOptionsError(`${subject} needs a method, found a ${String(kind)}`)
  if (isPrivate || isStatic || typeof name === 'symbol') {
    throw new BadOptionsError(`${subject} needs an instance method with a string for a name, and no private one`)
  }
  return subject
}
