/** What callers of one service see, without threads, ports or time: the runtime must agree with it. */

export type Step =
  | { readonly do: 'call' | 'open' | 'pause' | 'start' }
  | { readonly do: 'flag' | 'abort' | 'read' | 'leave'; readonly which: number }

/** What a step settles. */
export interface Consequence {
  /** Calls that are answered, and those that are rejected by their abort. */
  readonly answered: readonly number[]
  readonly aborted: readonly number[]
  /** What a read of this step gives, and the streams whose earlier read gets their first item. */
  readonly item: number | 'end' | undefined
  readonly begunStreams: readonly number[]
}

const NOTHING: Consequence = { answered: [], aborted: [], item: undefined, begunStreams: [] }

export class Model {
  /** Calls in the order in which their methods began. */
  readonly begun: number[] = []
  readonly #calls: ('queued' | 'running' | 'over')[] = []
  readonly #flags = new Set<number>()
  readonly #streams: { state: 'new' | 'queued' | 'begun' | 'left'; taken: number }[] = []
  readonly #items: number
  #isPaused = false

  /** @param items of each stream */
  constructor(items: number) {
    this.#items = items
  }

  get queued(): number {
    const states = [...this.#calls, ...this.#streams.map(({ state }) => state)]
    return states.filter((state) => state === 'queued').length
  }

  take(step: Step): Consequence {
    if (step.do === 'pause' || step.do === 'start') this.#isPaused = step.do === 'pause'
    if (step.do === 'call') this.#calls.push('queued')
    if (step.do === 'open') this.#streams.push({ state: 'new', taken: 0 })
    if (step.do === 'flag') this.#flags.add(step.which)
    if (step.do === 'read') return this.#read(this.#streams[step.which]!)
    if (step.do === 'leave' && !this.isWaiting(step.which)) this.#streams[step.which]!.state = 'left'
    if (step.do === 'abort' && this.#calls[step.which] !== 'over') {
      this.#calls[step.which] = 'over'
      return { ...NOTHING, aborted: [step.which] }
    }
    return this.#isPaused ? { ...NOTHING, answered: this.#answer() } : this.#begin()
  }

  /** Its first read waits in the mailbox; the test leaves such a stream alone. */
  isWaiting(stream: number): boolean {
    return this.#streams[stream]!.state === 'queued'
  }

  #begin(): Consequence {
    this.#calls.forEach((state, call) => {
      if (state === 'queued') this.begun.push(call)
      if (state === 'queued') this.#calls[call] = 'running'
    })
    const begunStreams = [...this.#streams.keys()].filter((stream) => this.isWaiting(stream))
    for (const stream of begunStreams) this.#streams[stream] = { state: 'begun', taken: 1 }
    return { ...NOTHING, answered: this.#answer(), begunStreams }
  }

  #answer(): number[] {
    const answered = [...this.#flags].filter((call) => this.#calls[call] === 'running')
    for (const call of answered) this.#calls[call] = 'over'
    return answered
  }

  #read(stream: { state: string; taken: number }): Consequence {
    if (stream.state === 'queued') return NOTHING
    if (stream.state === 'new') stream.state = this.#isPaused ? 'queued' : 'begun'
    if (stream.state === 'queued') return NOTHING
    return { ...NOTHING, item: stream.state === 'left' || stream.taken >= this.#items ? 'end' : stream.taken++ }
  }
}
