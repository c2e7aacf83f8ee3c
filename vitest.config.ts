import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process for each file: services need real worker threads below a real main thread.
    pool: 'forks',
    maxWorkers: 2,
    // What is tested is what is published: the built packages, loaded by Node itself.
    server: { deps: { external: [/\/packages\/(runtime|worker-host)\/dist\//] } },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    setupFiles: ['test/setup/baseline.ts'],
    reporters: ['default'],
  },
})
