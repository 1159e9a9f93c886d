import type { Unit } from '@lstm-gan/core';
import type { EngineOptions } from './contract/engine.ts';
import type { Graph } from './graph/graph.ts';
import type { GraphTarget } from './graph/graph-target.ts';
import { lowerBatchNorm } from './graph/lower/lower-batch-norm.ts';
import { lowerConvolutions } from './graph/lower/lower-convolutions.ts';
import { lowerFunctions } from './graph/lower/lower-functions.ts';
import { lowerGraph } from './graph/lower/lower-graph.ts';
import { lowerPrecision } from './graph/lower/lower-precision.ts';
import { lowerProducts } from './graph/lower/lower-products.ts';
import { lowerSums } from './graph/lower/lower-sums.ts';
import { withOutputNames } from './graph/prepare/output-names.ts';
import { splitGraph } from './graph/prepare/split-graph.ts';
import { stateOnDevice } from './graph/prepare/state-on-device.ts';
import { traceUnit } from './graph/record/trace-unit.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';
import { loadStockBackend } from './tensorflow/runtime/stock-backend.ts';

/** Makes the graph of a unit, or the two graphs (begin, finish) of a unit with early inputs. Loads tfjs-node. */
export async function makeGraphs(
  unit: Unit,
  provisioned: Provisioned,
  target: GraphTarget,
  threads: number,
): Promise<Graph[]> {
  const { device, precision } = target;
  await loadStockBackend(provisioned, threads);
  const traced = lowerGraph(traceUnit(unit, device));
  // Batch normalisation is replaced before the graph is split, because its gradient reads what our operation keeps, and
  // may be in the second graph.
  const whole = device === 'cpu' ? lowerBatchNorm(traced) : traced;
  const graphs = unit.early === undefined ? [whole] : Object.values(splitGraph(whole, unit.early, unit.earlyOutputs));
  const lowered = graphs.map((graph) => withOutputNames(lowerToAddon(lowerPrecision(graph, precision), device)));
  if (!target.stateOnDevice) return lowered;
  const own = [...Object.keys(unit.inputs), ...Object.keys(unit.outputs)];
  const kept = lowered
    .flatMap(({ inputs, outputs }) => [...Object.keys(inputs), ...Object.keys(outputs)])
    .filter((name) => !own.includes(name));
  return lowered.map((graph) => stateOnDevice(graph, unit.lasting ?? [], kept));
}

/**
 * The graph with operations of our addon in place of TensorFlow's. A graph for a GPU is unchanged, because our
 * operations exist for the CPU alone.
 */
export function lowerToAddon(graph: Graph, device: EngineOptions['device']): Graph {
  return device === 'cpu' ? lowerFunctions(lowerSums(lowerProducts(lowerConvolutions(graph)))) : graph;
}
