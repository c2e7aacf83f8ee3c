/** The wait of a service that says itself when it is ready, by `static readyOnCall` and `this.ready()`. */

/**
 * @param ready resolves when the service has called `ready()`
 * @param ended rejects with what its body, or a task of it, failed of
 * @returns rejects with that, and with the signal's reason when a newer goal leads elsewhere
 */
export function untilReady(ready: Promise<void>, ended: Promise<unknown>, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onStopping = (): void => reject(stopping.reason)
    const settle = (act: () => void): void => {
      stopping.removeEventListener('abort', onStopping)
      act()
    }
    ended.catch((error: unknown) => settle(() => reject(error)))
    ready.then(() => settle(resolve))
    // What was called, or has failed, before this counts: a stop is looked at after both have had their turn.
    setImmediate(() => {
      if (stopping.aborted) onStopping()
      else stopping.addEventListener('abort', onStopping, { once: true })
    })
  })
}
