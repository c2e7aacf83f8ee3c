/** A picture of services in the language of Graphviz: `dot -Tsvg`. */
import { type Drawing, drawn, EDGE_STYLES, STATE_COLOURS } from './drawing.ts'
import type { ServiceGraph } from './service-graph.ts'

/** A cluster for each context, the services in it coloured by their state. */
export function toDot(graph: ServiceGraph): string {
  const { contexts, edges } = drawn(graph)
  const clusters = contexts.filter(({ parent }) => parent === undefined).flatMap((one) => cluster(one, contexts, '  '))
  const lines = edges.map(
    ({ kind, from, to }) =>
      `  ${from} -> ${to} [label=${quoted(EDGE_STYLES[kind].label)}, style=${EDGE_STYLES[kind].dot}]`,
  )
  return ['digraph services {', '  node [shape=box, style=filled]', ...clusters, ...lines, '}', ''].join('\n')
}

function cluster(context: Drawing['contexts'][number], all: Drawing['contexts'], indent: string): readonly string[] {
  const inside = `${indent}  `
  return [
    `${indent}subgraph cluster_${context.key} {`,
    `${inside}label=${quoted(context.label)}`,
    // Dot leaves out a cluster in which there is nothing.
    ...(context.services.length === 0 ? [`${inside}${context.key} [style=invis, label=""]`] : []),
    ...context.services.map(
      ({ key, label, state }) => `${inside}${key} [label=${quoted(label)}, fillcolor="${STATE_COLOURS[state]}"]`,
    ),
    ...all.filter(({ parent }) => parent === context.key).flatMap((below) => cluster(below, all, inside)),
    `${indent}}`,
  ]
}

/** In quotes; a backslash would begin an escape of dot's labels, and `&` an entity of HTML. */
function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('&', '&amp;').replaceAll('\n', '\\n')
  return `"${escaped}"`
}
