/** Names that a proxy answers itself, that the language calls by itself, or that lead out of an object. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['then', 'toJSON', 'constructor', '__proto__', 'prototype'])
