/** What is to be released at the end, last in first out. (Node 22 has no `AsyncDisposableStack`.) */
import { BadOptionsError } from '../errors/catalogue.ts'

type Release = () => unknown

export class Disposables {
  readonly #releases: Release[] = []

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  defer(release: Release): void {
    if (typeof release !== 'function') throw new BadOptionsError(`defer needs a function, found ${String(release)}`)
    this.#releases.push(release)
  }

  /** @throws {BadOptionsError} ERR_TROUPE_BAD_OPTIONS */
  use<T extends Disposable | AsyncDisposable | null | undefined>(resource: T): T {
    if (resource === null || resource === undefined) return resource
    const { [Symbol.asyncDispose]: releaseLater, [Symbol.dispose]: release } = resource as Partial<
      Disposable & AsyncDisposable
    >
    const dispose = releaseLater ?? release
    if (typeof dispose !== 'function') {
      throw new BadOptionsError('use needs a value with a Symbol.dispose or Symbol.asyncDispose method')
    }
    this.#releases.push(() => dispose.call(resource))
    return resource
  }

  get isEmpty(): boolean {
    return this.#releases.length === 0
  }

  /** Releases all, also what is added meanwhile. @returns what was thrown, in that order */
  async dispose(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (let release = this.#releases.pop(); release !== undefined; release = this.#releases.pop()) {
      try {
        await release()
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }
}
