/**
 * A service for plain Comlink clients: one end of a channel, on which Comlink's protocol is answered at the other.
 *
 *     const views = Comlink.wrap<PageViews>(handle.endpoint())
 *     await views.increment('https://example.org/')
 *
 * Comlink walks the path that a message names, so a client of an object that is exposed as it is can set a prototype or run
 * `method.constructor('code')` (its issue 603). Here only a call of one name exists, and it goes the way of every call: what
 * the service exposes, its policies, its invoker, its specs. The path never gets to Comlink, which marshals values alone.
 */
import { MessageChannel, type MessagePort as Port } from 'node:worker_threads'
import { BadArgumentsError, messageOf, NoSuchMethodError, NotCloneableError } from '@troupe/worker-host'
import { RemoteStream } from '@troupe/worker-host/owner'
import * as Comlink from 'comlink'

export interface ComlinkEndpointOptions {
  readonly service: string
  /** Makes a call; the signal aborts it when the client has gone. */
  readonly call: (method: string, args: readonly unknown[], signal: AbortSignal) => unknown
  readonly onClose: () => void
}

interface Message {
  readonly id: string
  readonly type?: unknown
  readonly path?: unknown
  readonly argumentList?: unknown
}

interface Answer {
  readonly id: string
  readonly value?: unknown
}

type Marshal = (event: { readonly data: unknown }) => void

export class ComlinkEndpoint {
  /** The client's end. */
  readonly port: Port
  readonly #own: Port
  readonly #options: ComlinkEndpointOptions
  readonly #left = new AbortController()
  /** By the id of the message, until it is answered: Comlink would send no more of an error than its name and its text. */
  readonly #failures = new Map<string, unknown>()
  /** Comlink's own end of it. */
  #marshal!: Marshal

  constructor(options: ComlinkEndpointOptions) {
    this.#options = options
    const { port1, port2 } = new MessageChannel()
    this.#own = port1
    this.port = port2
    Comlink.expose(this.#run, {
      addEventListener: (_type: string, listener: Marshal) => {
        this.#marshal = listener
      },
      removeEventListener: () => {},
      postMessage: (answer: Answer, transfer?: Parameters<Port['postMessage']>[1]) => this.#post(answer, transfer),
    } as unknown as Comlink.Endpoint)
    port1.on('message', (message: unknown) => this.#receive(message))
    port1.once('close', () => {
      this.#left.abort(new Error('the client has gone'))
      options.onClose()
    })
  }

  close(): void {
    this.#own.close()
  }

  /** What is no message of Comlink's is dropped, as Comlink does. */
  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || typeof (message as Message).id !== 'string') return
    const { id, type, path, argumentList } = message as Message
    if (type === 'RELEASE') return this.#release(id)
    const isCall = type === 'APPLY' && Array.isArray(path) && path.length === 1 && typeof path[0] === 'string'
    try {
      if (!isCall || !Array.isArray(argumentList))
        throw new NoSuchMethodError(this.#options.service, inWords(type, path))
      this.#forward(id, [{ type: 'RAW', value: [id, path[0]] }, ...argumentList])
    } catch (error) {
      this.#forward(id, [{ type: 'RAW', value: [id, error] }])
    }
  }

  /** Has Comlink read the arguments, call `#run` with them, and post what comes of it. */
  #forward(id: string, argumentList: readonly unknown[]): void {
    try {
      this.#marshal({ data: { id, type: 'APPLY', path: [], argumentList } })
    } catch (error) {
      throw new BadArgumentsError('a call through an endpoint', [{ path: 'arguments', message: messageOf(error) }])
    }
  }

  readonly #run = async ([id, method]: readonly [string, unknown], ...args: readonly unknown[]): Promise<unknown> => {
    try {
      if (typeof method !== 'string') throw method // refused
      const result = await this.#options.call(method, args, this.#left.signal)
      if (!(result instanceof RemoteStream)) return result
      await result.return()
      const subject = `service "${this.#options.service}"`
      throw new NotCloneableError(subject, 'result', 'a stream, which a plain Comlink client can’t read')
    } catch (error) {
      this.#failures.set(id, error)
      throw error
    } finally {
      for (const arg of args) if (typeof arg === 'function') release(arg as unknown as Comlink.Remote<unknown>)
    }
  }

  #post(answer: Answer, transfer: Parameters<Port['postMessage']>[1]): void {
    const failure = this.#failures.get(answer.id)
    this.#failures.delete(answer.id)
    if (failure instanceof Error) {
      this.#own.postMessage({ ...answer, value: { isError: true, value: fieldsOf(failure) } })
      return
    }
    try {
      this.#own.postMessage(answer, transfer)
    } catch (cause) {
      const subject = `service "${this.#options.service}"`
      const found = 'something that a plain Comlink client can’t be sent'
      this.#failures.set(answer.id, new NotCloneableError(subject, 'result', found, { cause }))
      throw cause // Comlink answers with an error of its own, in whose place this one goes
    }
  }

  #release(id: string): void {
    this.#own.postMessage({ id, type: 'RAW', value: undefined })
    this.close()
  }
}

/** A callback is there for its call. Comlink would keep its ports open until it is collected, and Node 22 never does. */
const release = (callback: Comlink.Remote<unknown>): void => callback[Comlink.releaseProxy]()

const inWords = (type: unknown, path: unknown): string => {
  const name = Array.isArray(path) ? path.map((step) => messageOf(step)).join('.') : ''
  return type === 'APPLY' ? name : `${messageOf(type)} ${name}`.trim()
}

/** What the client makes its error of, by `Object.assign`: text, and such fields as `code` that need no copying. */
function fieldsOf(error: Error): Readonly<Record<string, unknown>> {
  const own = Object.entries(error).filter(([key, value]) => key !== '__proto__' && isPlain(value))
  return { ...Object.fromEntries(own), message: error.message, name: error.name, stack: error.stack }
}

const isPlain = (value: unknown): boolean => value === null || !['object', 'function', 'symbol'].includes(typeof value)
