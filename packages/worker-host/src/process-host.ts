/**
 * What a process does: the supply has it run `host`, which makes it one context for as long as it lives.
 *
 * It ends with its owner, in whatever way that ends: by the end of the connection, where it listens, and else by a guard.
 */
import { spawn } from 'node:child_process'
import type { HomeOrder } from './host/context-host.ts'
import { serveContext } from './host/serve-context.ts'
import { BegunFile } from './ipc/begun-file.ts'
import { ProcessCarrier } from './ipc/process-carrier.ts'

export interface ProcessTask {
  readonly home: HomeOrder
  /** The file of counts; undefined where there is none. */
  readonly begunPath: string | undefined
}

/** Never resolves: a context ends with its process. */
export function host({ home, begunPath }: ProcessTask): Promise<never> {
  const begun = begunPath === undefined ? undefined : BegunFile.open(begunPath)
  const carrier = new ProcessCarrier({ side: 'context', send, begun })
  process.on('message', (frame) => carrier.receive(frame))
  process.on('disconnect', () => process.exit())
  // A terminal, and a service manager, signal the owner as well, who then stops this context in order.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  endWithOwner()
  serveContext({ home, carrier, control: carrier.control })
  void carrier.control.closed.then(end)
  return new Promise(() => {})
}

/** In order, with what has been printed. */
function end(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

/** What no owner is there to read is dropped; 'disconnect' tells of that. */
function send(frame: Uint8Array): void {
  if (process.connected) process.send!(frame, undefined, undefined, () => {})
}

/**
 * A process that is in a loop never hears that its owner is gone. So a shell waits for the end of the input, whose other
 * end the owner holds and the system closes, and then kills this process. Where there is no shell, a loop goes on.
 */
function endWithOwner(): void {
  if (process.platform === 'win32') return
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -KILL "$0"', String(process.pid)], {
    stdio: ['inherit', 'ignore', 'ignore'],
    detached: true, // what a terminal sends to all of a group is not for it
  })
  guard.on('error', () => {}) // no shell
  guard.unref()
  process.on('exit', () => guard.kill()) // the number of this process may be another's soon
}
