import type { Unit } from '@lstm-gan/core';
import type { EngineOptions } from '../engine.ts';
import type { Provisioned } from '../tensorflow/provision.ts';
import { loadStockBackend } from '../tensorflow/stock-backend.ts';
import type { Graph } from './graph.ts';
import { lowerConvolutions } from './lower-convolutions.ts';
import { lowerProducts } from './lower-products.ts';
import { lowerPrecision } from './lower-precision.ts';
import { lowerGraph } from './lower.ts';
import { withOutputNames } from './output-names.ts';
import { splitGraph } from './split-graph.ts';
import { traceUnit } from './trace.ts';

/** Traces a unit: one graph, or two for one that can be begun. */
export async function makeGraphs(unit: Unit, provisioned: Provisioned, { threads, device, precision = 'float32' }: Omit<EngineOptions, 'cacheDir'>): Promise<Graph[]> {
  await loadStockBackend(provisioned, threads);
  const whole = lowerGraph(traceUnit(unit, device));
  const graphs = unit.early === undefined ? [whole] : Object.values(splitGraph(whole, unit.early, unit.earlyOutputs));
  const lower = (graph: Graph): Graph => lowerOwn(lowerPrecision(graph, precision), device);
  return graphs.map((graph) => withOutputNames(lower(graph)));
}

/** The graph with operations of our own, which are there for the CPU. */
export function lowerOwn(graph: Graph, device: EngineOptions['device']): Graph {
  return device === 'cpu' ? lowerProducts(lowerConvolutions(graph)) : graph;
}
