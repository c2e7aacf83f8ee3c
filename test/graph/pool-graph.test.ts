import { Pool, type ServiceGraph } from '@troupe/runtime'
import { describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import type { Neighbour } from '../fixtures/services/neighbour.ts'

const module = fixture('neighbour.ts')
const spec = (name: string) => ({ name, module })

const edgesOf = ({ edges }: ServiceGraph, kind: string): string[] =>
  edges.filter((edge) => edge.kind === kind).map(({ from, to }) => `${from} → ${to}`)

describe('a picture of a pool', () => {
  it('of an empty pool is the context of the parent script', async () => {
    await using pool = new Pool()
    expect(await pool.graph()).toEqual({
      nodes: [
        { kind: 'context', id: 'context:root', context: 'root', runsIn: 'thread', isAlive: true, isComplete: true },
      ],
      edges: [],
    })
  })

  it('shows each service with its state, its generation and its threads, and the context that it lives in', async () => {
    await using pool = new Pool()
    await pool.spawn<Neighbour>({ ...spec('two'), threads: 2 })
    pool.add<Neighbour>(spec('idle'))
    const { nodes, edges } = await pool.graph()
    expect(nodes).toMatchObject([
      { id: 'context:root', isAlive: true },
      { id: 'context:root/idle', context: 'root/idle', isAlive: false, isComplete: true },
      { id: 'context:root/two', context: 'root/two', isAlive: true, isComplete: true },
      { id: 'service:root/idle', name: 'idle', path: 'root/idle', state: 'STOPPED', generation: 0, threads: 0 },
      { id: 'service:root/two', context: 'root/two', state: 'RUNNING', generation: 2, threads: 2 },
    ])
    expect(edges).toEqual([
      { kind: 'below', from: 'context:root/idle', to: 'context:root' },
      { kind: 'below', from: 'context:root/two', to: 'context:root' },
      { kind: 'in', from: 'service:root/idle', to: 'context:root/idle' },
      { kind: 'in', from: 'service:root/two', to: 'context:root/two' },
    ])
  })

  it('shows what depends on what; a dependency that is not there is left out', async () => {
    await using pool = new Pool()
    pool.add<Neighbour>({ ...spec('web'), dependsOn: ['db', 'nobody'] })
    pool.add<Neighbour>(spec('db'))
    expect(edgesOf(await pool.graph(), 'dependsOn')).toEqual(['service:root/web → service:root/db'])
  })

  it('shows the pools below, and who has started whom: as a child, by its context, or in a context that it made', async () => {
    await using pool = new Pool()
    const top = await pool.spawn<Neighbour>(spec('top'))
    await top.proxy.raise('child', { by: 'children' })
    await top.proxy.raise('near', { thread: 'parent' })
    await top.proxy.raiseIn('room', 'guest')
    await pool.proxy<Neighbour>('top/child').raise('deep')
    const graph = await pool.graph()
    expect(edgesOf(graph, 'startedBy')).toEqual([
      'service:root/top/child → service:root/top',
      'service:root/top/child/deep → service:root/top/child',
      'service:root/top/guest → service:root/top',
      'service:root/top/near → service:root/top',
    ])
    expect(edgesOf(graph, 'in')).toContain('service:root/top/near → context:root/top')
    expect(edgesOf(graph, 'in')).toContain('service:root/top/guest → context:root/top/room')
    expect(edgesOf(graph, 'below')).toEqual([
      'context:root/top → context:root',
      'context:root/top/child → context:root/top',
      'context:root/top/child/deep → context:root/top/child',
      'context:root/top/room → context:root/top',
    ])
    expect(pool.get('top').startedBy).toBe(undefined)
  })

  it('shows a context that several services share once, also when nobody lives in it', async () => {
    await using pool = new Pool()
    const [shared] = [await pool.context({ name: 'shared' }), await pool.context({ name: 'empty' })]
    await Promise.all(['a', 'b'].map((name) => shared.spawn<Neighbour>(spec(name))))
    const graph = await pool.graph()
    expect(edgesOf(graph, 'below')).toEqual(['context:root/empty → context:root', 'context:root/shared → context:root'])
    expect(edgesOf(graph, 'in')).toEqual([
      'service:root/a → context:root/shared',
      'service:root/b → context:root/shared',
    ])
  })

  it('is not held up by a blocked thread: its context is incomplete, all else is there, up to the depth of the block', async () => {
    await using pool = new Pool()
    const top = await pool.spawn<Neighbour>(spec('top'))
    await top.proxy.raise('middle')
    const middle = pool.proxy<Neighbour>('top/middle')
    await middle.raise('deep')
    const gate = new SharedArrayBuffer(8)
    const blocked = middle.block(gate)
    const isBlocked = Atomics.waitAsync(new Int32Array(gate), 0, 0)
    await isBlocked.value
    const graph = await pool.graph({ timeoutMs: 800 })
    expect(graph.nodes.map(({ id }) => id)).toEqual([
      'context:root',
      'context:root/top',
      'context:root/top/middle',
      'service:root/top',
      'service:root/top/middle',
    ])
    expect(graph.nodes).toMatchObject([
      { isComplete: true },
      { isComplete: true },
      { isAlive: true, isComplete: false },
      { state: 'RUNNING' },
      { state: 'RUNNING' },
    ])
    const released = new Int32Array(gate, 4, 1)
    Atomics.store(released, 0, 1)
    Atomics.notify(released, 0)
    await blocked
    expect((await pool.graph()).nodes.map(({ id }) => id)).toContain('service:root/top/middle/deep')
  })

  it('shows a service that has failed, without its thread and what lived below it', async () => {
    await using pool = new Pool()
    const top = await pool.spawn<Neighbour>(spec('top'))
    await top.proxy.raise('below')
    const failed = top.finished.catch(() => {})
    await top.proxy.fall()
    await failed
    expect((await pool.graph()).nodes).toMatchObject([
      { id: 'context:root' },
      { id: 'context:root/top', isAlive: false, isComplete: true },
      { id: 'service:root/top', state: 'FAILED', threads: 0 },
    ])
  })

  it('is plain data: structured clone and JSON keep it', async () => {
    await using pool = new Pool()
    await pool.spawn<Neighbour>(spec('one'))
    const graph = await pool.graph()
    expect(structuredClone(graph)).toEqual(graph)
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph)
  })

  it('is told to those above only', async () => {
    await using pool = new Pool()
    const top = await pool.spawn<Neighbour>(spec('top'))
    await expect(top.proxy.ask('\0pool', 'graph', [1_000])).rejects.toMatchObject({ code: 'ERR_TROUPE_NOT_AUTHORIZED' })
    await expect(top.proxy.ask('\0pool', 'close', [])).rejects.toMatchObject({ code: 'ERR_TROUPE_NO_SUCH_METHOD' })
  })
})
