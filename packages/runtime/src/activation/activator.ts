/**
 * Which services come to life by being asked for, under which name, and who may ask.
 *
 * A service of that kind has a canonical name: its module's file, without folder and extension, and its class:
 * `resize#Resize` for the class `Resize` of `…/resize.ts`. Whoever is above its context, and the context itself, brings it
 * to life by the first call, or by `activate`; once, however many ask at the same time. Others reach it when it is alive;
 * before that they are refused, and nothing is imported or constructed.
 *
 * A pool takes an activator of its own, for another scheme of names, other rules, or other ways to bring services up:
 *
 *     class Careful extends Activator {
 *       override isPermitted(question: ActivationQuestion) {
 *         return question.service.startsWith('resize#') && super.isPermitted(question)
 *       }
 *       override activate(request: ActivationRequest) {
 *         return super.activate({ ...request, spec: { ...request.spec, invoker: 'serialized' } })
 *       }
 *     }
 *     const pool = new Pool({ activator: new Careful(), modules: [new URL('./services/', import.meta.url)] })
 */
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AllowParents, type ContextId } from '@troupe/worker-host'

/** What an activator is asked. */
export interface ActivationQuestion {
  /** The context that asks. */
  readonly caller: ContextId
  /** The context that the service would live in. */
  readonly context: ContextId
  /** Its canonical name. */
  readonly service: string
}

/** What an activated service is to be. An activator may add what any specification can have: `options`, `invoker`, … */
export interface ActivationSpec {
  readonly [more: string]: unknown
  /** The canonical name: under it the service is found. */
  readonly name: string
  readonly module: URL
  readonly exportName: string
  /** In a context's own thread; in one of its own when the parent script asks for it in its own pool. */
  readonly thread: 'own' | 'parent'
}

export interface ActivationRequest extends ActivationQuestion {
  readonly spec: ActivationSpec
  /** Adds the service to the pool, and brings it to RUNNING. */
  readonly spawn: (spec: ActivationSpec) => Promise<unknown>
}

export class Activator {
  readonly #allowParents = new AllowParents()

  /** The canonical name of a class; without `/`, which parts contexts. */
  nameOf(module: URL, exportName: string): string {
    const file = fileURLToPath(module)
    return `${basename(file, extname(file))}#${exportName}`
  }

  /** The class that a canonical name ends with; undefined for a name that is none, and so never activates anything. */
  exportOf(name: string): string | undefined {
    return name.includes('#') ? /^[^/#]+#([^/#]+)$/.exec(name)?.[1] : undefined
  }

  /** Whether the caller may bring the service to life. Its module is looked at after that, by the pool's `modules`. */
  isPermitted({ caller, context, service }: ActivationQuestion): boolean {
    return this.#allowParents.isAuthorized({ caller, context, service, method: 'activate' })
  }

  /** Brings it to life, once; what it throws is told to those who wait, and the next one who asks tries again. */
  async activate({ spec, spawn }: ActivationRequest): Promise<void> {
    await spawn(spec)
  }
}
