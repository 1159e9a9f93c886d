/**
 * Lowering: from the operations that tfjs happened to execute to a graph for TensorFlow. Three pure steps, each from
 * graph to graph: rewrite (simplify nodes, merge equal ones), prune (drop what the outputs do not need), rename. All
 * arithmetic is left as it is.
 */
import type { Graph } from '../graph.ts';
import { prune } from './prune.ts';
import { renameNodes } from './rename-nodes.ts';
import { rewrite } from './rewrite.ts';

/** The graph with the same inputs and outputs and fewer nodes. */
export function lowerGraph(graph: Graph): Graph {
  return renameNodes(prune(rewrite(graph)));
}
