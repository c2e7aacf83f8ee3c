/** What each actor can do, whatever brings the messages. */
const CAPACITY = 100

export class Actor {
  #total = 0
  #buffer = []
  #takers = []
  #putters = []

  pass(hops) {
    return hops - 1
  }

  increment() {
    this.#total++
  }

  total() {
    return this.#total
  }

  /** Waits while the buffer is full. */
  async put(item) {
    while (this.#buffer.length >= CAPACITY) await new Promise((resolve) => this.#putters.push(resolve))
    this.#buffer.push(item)
    this.#takers.shift()?.()
  }

  /** Waits while the buffer is empty. */
  async take() {
    while (this.#buffer.length === 0) await new Promise((resolve) => this.#takers.push(resolve))
    const item = this.#buffer.shift()
    this.#putters.shift()?.()
    return item
  }
}
