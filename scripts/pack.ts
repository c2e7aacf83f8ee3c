/** Writes the packages into a folder as they would be published: `node scripts/pack.ts [FOLDER]`, `packed` if none is named. */
import { execFileSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'

const root = dirname(import.meta.dirname)
const folder = resolve(process.argv[2] ?? join(root, 'packed'))
for (const name of ['worker-host', 'runtime']) {
  execFileSync('npx', ['--yes', 'pnpm@12', 'pack', '--pack-destination', folder], {
    cwd: join(root, 'packages', name),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
