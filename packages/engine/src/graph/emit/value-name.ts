import type { ValueRef } from '../graph.ts';

/** The name of a value in a GraphDef and in a session: `node` for a node's first output, `node:1` for its second. */
export function valueName(ref: ValueRef): string {
  return ref.output === 0 ? ref.node : `${ref.node}:${ref.output}`;
}
