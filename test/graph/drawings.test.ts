import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { type ServiceGraph, type ServiceState, toDot, toMermaid } from '@troupe/runtime'
import fc from 'fast-check'
import { JSDOM } from 'jsdom'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const STATES: readonly ServiceState[] = [
  'STOPPED',
  'PREPARING',
  'PAUSED',
  'STARTING',
  'RUNNING',
  'PAUSING',
  'STOPPING',
  'FAILED',
]

const NASTY = ['end', 'graph', 'subgraph', 'digraph', 'node', 'a --> b', '"', '\\', '\\"', '\\N', '\n', '\r\n', '`', '']
NASTY.push(
  '<b>',
  '&amp;',
  '&',
  '#quot;',
  '#35;',
  '%%{init: {}}%%',
  '---',
  '; }',
  '日本',
  ' leading',
  '  two',
  '😀',
  '\u2028',
  'ﬂ°',
  '|x|',
  ':::c',
)

/** Names as a pool takes them: anything but `/` and NUL. */
const name = fc
  .oneof(
    fc.constantFrom(...NASTY),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
  )
  .map((text) => `${text.replace(/[/\0]/g, '')}x`)

const graphs = fc
  .record({
    names: fc.uniqueArray(name, { maxLength: 5 }),
    states: fc.array(fc.constantFrom(...STATES), { minLength: 5 }),
  })
  .map(({ names, states }) => graphWith(names, states))

/** Each service in a context of its own, the next below it, and each depends on the first. */
function graphWith(names: readonly string[], states: readonly ServiceState[]): ServiceGraph {
  const contexts = ['root', ...names.map((_, index) => ['root', ...names.slice(0, index + 1)].join('/'))]
  return {
    nodes: [
      ...contexts.map((context) => ({
        kind: 'context' as const,
        id: `context:${context}`,
        context,
        runsIn: 'thread' as const,
        isAlive: true,
        isComplete: context.length % 2 === 0,
      })),
      ...names.map((name, index) => ({
        kind: 'service' as const,
        id: `service:${contexts[index + 1]}`,
        name,
        path: contexts[index + 1]!,
        context: contexts[index + 1]!,
        state: states[index]!,
        generation: index,
        threads: 1,
      })),
    ],
    edges: names.flatMap((_, index) => [
      { kind: 'in' as const, from: `service:${contexts[index + 1]}`, to: `context:${contexts[index + 1]}` },
      { kind: 'below' as const, from: `context:${contexts[index + 1]}`, to: `context:${contexts[index]}` },
      { kind: 'dependsOn' as const, from: `service:${contexts[index + 1]}`, to: `service:${contexts[1]}` },
      { kind: 'startedBy' as const, from: `service:${contexts[index + 1]}`, to: `service:${contexts[1]}` },
    ]),
  }
}

/** What each service is called in a picture, its state below it. */
const labelsOf = ({ nodes }: ServiceGraph): string[] =>
  nodes.flatMap((node) => {
    if (node.kind !== 'service') return []
    return `${printed(node.name)}\n${node.state}${node.generation > 1 ? `, life ${node.generation}` : ''}`
  })

/** Control signs as the pictures that Unicode has for them. */
const printed = (name: string): string =>
  [...name.toWellFormed()]
    .map((sign) => {
      if (sign < ' ') return String.fromCodePoint(0x2400 + sign.codePointAt(0)!)
      return sign >= '\x7f' && sign < '\xa0' ? '\ufffd' : sign
    })
    .join('')

async function run(command: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(input)
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new Error(`"${command}" can't be run; scripts/install-test-tools.sh installs it`, { cause })),
      )
      child.once('close', resolve)
    }),
  ])
  expect([code, err]).toEqual([0, ''])
  return out
}

interface DotPicture {
  readonly objects?: readonly { readonly name: string; readonly label?: string; readonly fillcolor?: string }[]
  readonly edges?: readonly object[]
}

const dot = async (source: string): Promise<DotPicture> => JSON.parse(await run('dot', ['-Tdot_json'], source))

describe('toDot', () => {
  it('draws contexts as clusters, and services in the colour of their state', async () => {
    const { objects, edges } = await dot(toDot(graphWith(['web', 'db'], ['RUNNING', 'FAILED'])))
    const seen = objects!.map(({ name, label, fillcolor }) => [name, label, fillcolor])
    expect(seen.filter(([, label]) => label !== '')).toEqual([
      ['cluster_n0', 'root (thread)', undefined],
      ['cluster_n1', 'root/web (thread)', undefined],
      ['cluster_n2', 'root/web/db (thread, did not answer)', undefined],
      ['n3', 'web\\nRUNNING', '#8ce99a'],
      ['n4', 'db\\nFAILED', '#ff8787'],
    ])
    expect(edges).toHaveLength(4)
  })

  it('is read by dot, whatever the names are, and shows them as they are', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const { objects = [], edges = [] } = await dot(toDot(graph))
        const shown = objects.filter((one) => /^n\d/.test(one.name) && one.label !== '')
        expect(shown.map(({ label }) => unescaped(label!))).toEqual(labelsOf(graph))
        expect(edges).toHaveLength(graph.edges.length / 2)
      }),
      { numRuns: 40 },
    )
  })
})

const unescaped = (label: string): string =>
  label.replace(/\\(.)/g, (_, sign) => (sign === 'n' ? '\n' : sign)).replaceAll('&amp;', '&')

interface Flowchart {
  readonly db: {
    getVertices(): Map<string, { readonly id: string; readonly text: string; readonly classes: readonly string[] }>
    getEdges(): readonly { readonly start: string; readonly end: string }[]
    getSubGraphs(): readonly { readonly id: string; readonly title: string; readonly nodes: readonly string[] }[]
  }
}

describe('toMermaid', () => {
  const { window } = new JSDOM('')
  const before = Object.fromEntries(['window', 'document'].map((key) => [key, Reflect.get(globalThis, key)]))
  let read: (source: string) => Promise<Flowchart>

  // Its parser cleans labels with a library that needs a page.
  beforeAll(async () => {
    Object.assign(globalThis, { window, document: window.document })
    const { default: mermaid } = await import('mermaid')
    read = async (source) => {
      await mermaid.parse(source)
      return (await mermaid.mermaidAPI.getDiagramFromText(source)) as unknown as Flowchart
    }
  })
  afterAll(() => {
    Object.assign(globalThis, before)
    window.close()
  })

  it('draws contexts as subgraphs, and services in the class of their state', async () => {
    const { db } = await read(toMermaid(graphWith(['web', 'db'], ['RUNNING', 'FAILED'])))
    expect([...db.getVertices().values()].map(({ id, text, classes }) => [id, shown(text), classes])).toEqual([
      ['n3', 'web\nRUNNING', ['RUNNING']],
      ['n4', 'db\nFAILED', ['FAILED']],
    ])
    expect(db.getSubGraphs().map(({ id, title }) => [id, shown(title)])).toEqual([
      ['n2', 'root/web/db (thread, did not answer)'],
      ['n1', 'root/web (thread)'],
      ['n0', 'root (thread)'],
    ])
    expect(db.getEdges().map(({ start, end }) => `${start} → ${end}`)).toEqual([
      'n3 → n3',
      'n3 → n3',
      'n4 → n3',
      'n4 → n3',
    ])
  })

  it('keeps the blanks at the ends of a name', async () => {
    const graph = graphWith([' a', '  b '], ['RUNNING', 'RUNNING'])
    const { db } = await read(toMermaid(graph))
    expect([...db.getVertices().values()].map(({ text }) => shown(text))).toEqual([' a\nRUNNING', '  b \nRUNNING'])
  })

  it('is read by Mermaid, whatever the names are, and shows them as they are', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const { db } = await read(toMermaid(graph))
        expect([...db.getVertices().values()].map(({ text }) => shown(text))).toEqual(labelsOf(graph))
        expect(db.getEdges()).toHaveLength(graph.edges.length / 2)
      }),
      { numRuns: 100 },
    )
  })
})

/** What a page shows: Mermaid keeps signs by number until it draws, in two signs of its own. */
const shown = (text: string): string =>
  text.replace(/<br\/?>/g, '\n').replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
