import type { Unit } from '@lstm-gan/core';
import type { EngineOptions, Precision } from '../engine.ts';
import type { Provisioned } from '../tensorflow/provision.ts';
import { loadStockBackend } from '../tensorflow/stock-backend.ts';
import type { Graph } from './graph.ts';
import { lowerConvolutions } from './lower-convolutions.ts';
import { lowerProducts } from './lower-products.ts';
import { lowerPrecision } from './lower-precision.ts';
import { lowerGraph } from './lower.ts';
import { withOutputNames } from './output-names.ts';
import { splitGraph } from './split-graph.ts';
import { stateOnDevice } from './state-on-device.ts';
import { traceUnit } from './trace.ts';

/** What, beside the unit, decides its graphs. */
export interface GraphTarget {
  readonly device: EngineOptions['device'];
  readonly precision: Precision;
  readonly stateOnDevice: boolean;
}

/** Traces a unit: one graph, or two for one that can be begun. */
export async function makeGraphs(
  unit: Unit,
  provisioned: Provisioned,
  target: GraphTarget,
  threads: number,
): Promise<Graph[]> {
  const { device, precision } = target;
  await loadStockBackend(provisioned, threads);
  const whole = lowerGraph(traceUnit(unit, device));
  const graphs = unit.early === undefined ? [whole] : Object.values(splitGraph(whole, unit.early, unit.earlyOutputs));
  const lowered = graphs.map((graph) => withOutputNames(lowerOwn(lowerPrecision(graph, precision), device)));
  if (!target.stateOnDevice) return lowered;
  const own = [...Object.keys(unit.inputs), ...Object.keys(unit.outputs)];
  const kept = lowered
    .flatMap(({ inputs, outputs }) => [...Object.keys(inputs), ...Object.keys(outputs)])
    .filter((name) => !own.includes(name));
  return lowered.map((graph) => stateOnDevice(graph, unit.lasting ?? [], kept));
}

/** The graph with operations of our own, which are there for the CPU. */
export function lowerOwn(graph: Graph, device: EngineOptions['device']): Graph {
  return device === 'cpu' ? lowerProducts(lowerConvolutions(graph)) : graph;
}
