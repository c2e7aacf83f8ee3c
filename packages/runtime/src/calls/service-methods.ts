/** The methods of one service, by name. */
import type { MethodDescription } from '@troupe/worker-host/owner'
import type { CallTerms } from './call.ts'
import type { KnownMethod, MethodBook } from './method-book.ts'

export class ServiceMethods implements MethodBook {
  readonly size: number
  readonly #methods: ReadonlyMap<string, KnownMethod>

  constructor(descriptions: readonly MethodDescription[]) {
    this.size = descriptions.length
    this.#methods = new Map(
      descriptions.map((description, number) => {
        return [description.name, { number, description, admitted: new Map(), lastAdmitted: undefined }]
      }),
    )
  }

  find({ method }: CallTerms): KnownMethod | undefined {
    return this.#methods.get(method)
  }
}
