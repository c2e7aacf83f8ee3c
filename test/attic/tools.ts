/** The system's own tools, as independent witnesses. One that is missing fails the test, and says what to do. */
import { execFileSync } from 'node:child_process'

export function run(tool: string, args: readonly string[], input?: Uint8Array): Buffer {
  try {
    return execFileSync(tool, args, { input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(tool)
    throw error
  }
}

export const missing = (tool: string): Error =>
  new Error(`"${tool}" is not installed, run scripts/install-test-tools.sh`)

/**
 * What to put before a command so that the file modes hold for it. They hold for everybody but root, which loses here the
 * two capabilities that let it pass; an ordinary user needs nothing.
 */
export function underFileModes(): readonly string[] {
  if (process.getuid?.() !== 0) return []
  const dropped = '-dac_override,-dac_read_search'
  const prefix = ['setpriv', `--bounding-set=${dropped}`, `--inh-caps=${dropped}`]
  run('setpriv', [...prefix.slice(1), 'true'])
  return prefix
}
