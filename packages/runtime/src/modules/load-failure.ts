/**
 * What went wrong while a module was loaded, told by the author's file: TypeScript is loaded from a bundle, which nobody
 * knows; and where JavaScript can't be read, V8 tells nobody but the terminal.
 */
import { dirname, resolve as resolvePath } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildFailure } from 'esbuild'

/**
 * @param thrown as it came from the thread, where nobody else has it: its texts are changed
 * @param loaded what was really loaded
 */
export async function tellOfSource(thrown: unknown, source: URL, loaded: string): Promise<void> {
  if (!(thrown instanceof Error)) return
  const { message, stack = '' } = thrown
  if (loaded !== source.href) {
    const own = (text: string): string =>
      text.replaceAll(loaded, source.href).replaceAll(fileURLToPath(loaded), fileURLToPath(source))
    // Its frames are those of what esbuild has added: where the author's code stands, source maps have told already.
    const isOwn = (line: string): boolean => !(line.startsWith('    at ') && line.includes(loaded))
    thrown.message = own(message)
    thrown.stack = own(stack.split('\n').filter(isOwn).join('\n'))
  } else if (thrown instanceof SyntaxError && stack.startsWith(thrown.name) && !ranBefore(stack)) {
    const place = await unreadablePlace(fileURLToPath(source))
    if (place !== undefined) thrown.stack = `${place}\n${stack}`
  }
}

/** A module that can't be read runs no line of anybody's; one that met a SyntaxError as it ran has its own place in the stack. */
const ranBefore = (stack: string): boolean => /^ {4}at .*file:\/\//m.test(stack)

/** As Node prints it: file and line, the line itself, and where in it. Undefined when esbuild can read it all. */
async function unreadablePlace(source: string): Promise<string | undefined> {
  const esbuild = await import('esbuild')
  const folder = dirname(source)
  const errors = await esbuild
    .build({
      entryPoints: [source],
      absWorkingDir: folder,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    })
    .then(
      () => [],
      ({ errors }: BuildFailure) => errors,
    )
  const place = errors.find(({ text }) => !/^(Could not resolve|No loader is configured)/.test(text))?.location
  if (!place) return undefined
  const { file, line, column, lineText, length } = place
  const marks = `${' '.repeat(column)}${'^'.repeat(Math.max(1, length))}`
  return `${pathToFileURL(resolvePath(folder, file)).href}:${line}\n${lineText}\n${marks}`
}
