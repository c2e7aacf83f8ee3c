/** A picture of services in the language of Mermaid, which Markdown pages show: a flowchart. */
import { type Drawing, drawn, EDGE_STYLES, STATE_COLOURS } from './drawing.ts'
import type { ServiceGraph } from './service-graph.ts'

/** A subgraph for each context, the services in it coloured by their state. */
export function toMermaid(graph: ServiceGraph): string {
  const { contexts, edges } = drawn(graph)
  const boxes = contexts.filter(({ parent }) => parent === undefined).flatMap((one) => box(one, contexts, '  '))
  const lines = edges.map(
    ({ kind, from, to }) => `  ${from} ${EDGE_STYLES[kind].mermaid}|${quoted(EDGE_STYLES[kind].label)}| ${to}`,
  )
  const states = new Set(contexts.flatMap(({ services }) => services.map(({ state }) => state)))
  const classes = [...states].sort().map((state) => `  classDef ${state} fill:${STATE_COLOURS[state]},color:#000000`)
  return ['flowchart TB', ...boxes, ...lines, ...classes, ''].join('\n')
}

function box(context: Drawing['contexts'][number], all: Drawing['contexts'], indent: string): readonly string[] {
  const inside = `${indent}  `
  return [
    `${indent}subgraph ${context.key} [${quoted(context.label)}]`,
    ...context.services.map(({ key, label, state }) => `${inside}${key}[${quoted(label)}]:::${state}`),
    ...all.filter(({ parent }) => parent === context.key).flatMap((below) => box(below, all, inside)),
    `${indent}end`,
  ]
}

/**
 * All but letters, digits and a few harmless signs by number: Mermaid has no other escape, and reads labels as Markdown.
 * A blank at an end is one of those, since Mermaid trims labels.
 */
function quoted(text: string): string {
  const escaped = text.replace(/^ | $|[^A-Za-z0-9 ,:/()]/gu, (sign) =>
    sign === '\n' ? '<br/>' : `#${sign.codePointAt(0)};`,
  )
  return `"${escaped}"`
}
