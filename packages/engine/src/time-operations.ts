/**
 * Times the operations of a unit, each by itself, so that a machine's owner can see how far each kind of operation is
 * from the machine's limit.
 */
import { performance } from 'node:perf_hooks';
import type { Unit, UnitArray } from '@lstm-gan/core';
import { encodeGraphDef } from './graph/emit/graph-def.ts';
import { elementCount, placeholderNode, type Graph, type GraphNode, type ValueSpec } from './graph/graph.ts';
import { makeGraphs } from './make-graphs.ts';
import { probeInputs } from './probe-unit.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';
import { openSession, type Session } from './tensorflow/runtime/session.ts';

/** The time of one operation of a unit's graph. */
export interface OperationTime {
  /** The operation's type, for example `LstmGanMatMul`. */
  readonly operation: string;
  /** The shapes of its inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** The least of the measured times. */
  readonly ms: number;
  /** Multiplications and additions by the operation's definition. 0 for an operation that is no product. */
  readonly flops: number;
}

const repetitions = 7;

/**
 * Times the operations that a unit computes on the CPU, in the order of its graph. Each is run several times on made-up
 * numbers, and the time of a call that does nothing is subtracted. An operation that reads a mask is left out, because
 * a mask cannot be fed; so is one whose result is no float32.
 */
export async function timeOperations(unit: Unit, provisioned: Provisioned, threads: number): Promise<OperationTime[]> {
  const whole = { ...unit, early: undefined, earlyOutputs: undefined };
  const session = openSession(provisioned, threads);
  try {
    const target = { device: 'cpu', precision: 'float32', stateOnDevice: false } as const;
    const [graph] = await makeGraphs(whole, provisioned, target, threads);
    const emptyMs = await timeAlone(session, emptyGraph);
    const times: OperationTime[] = [];
    for (const node of graph.nodes) {
      if (node.op === 'Const' || node.op === 'Placeholder' || hasMask(graph, node)) continue;
      const ms = Math.max(0, (await timeAlone(session, alone(graph, node))) - emptyMs);
      const shapes = node.inputs.map((input) => specOf(graph, input.node, input.output).shape);
      times.push({ operation: node.op, shapes, ms, flops: flopsOf(node, shapes) });
    }
    return times;
  } finally {
    session.close();
  }
}

function specOf({ nodes }: Graph, name: string, output: number): ValueSpec {
  return nodes.find((node) => node.name === name)?.outputs[output] as ValueSpec;
}

/** Whether an operation reads a mask, or gives nothing that can be fetched. */
const hasMask = (graph: Graph, { inputs, outputs }: GraphNode): boolean =>
  outputs[0]?.dtype !== 'float32' || inputs.some(({ node, output }) => specOf(graph, node, output).dtype === 'bool');

const emptyGraph: Graph = {
  nodes: [
    placeholderNode('input0', { dtype: 'float32', shape: [1] }),
    {
      name: 'timed',
      op: 'Identity',
      attributes: { T: { kind: 'type', value: 'float32' } },
      inputs: [{ node: 'input0', output: 0 }],
      outputs: [{ dtype: 'float32', shape: [1] }],
    },
  ],
  inputs: {},
  outputs: {},
};

/** A graph of this node alone. Constants that it reads stay constants, everything else becomes a placeholder. */
function alone(graph: Graph, node: GraphNode): Graph {
  const before = node.inputs.map((input, index) => {
    const source = graph.nodes.find(({ name }) => name === input.node) as GraphNode;
    const name = `input${index}`;
    return source.op === 'Const' ? { ...source, name } : placeholderNode(name, source.outputs[input.output]);
  });
  const inputs = before.map(({ name }) => ({ node: name, output: 0 }));
  return { nodes: [...before, { ...node, name: 'timed', inputs }], inputs: {}, outputs: {} };
}

async function timeAlone(session: Session, graph: Graph): Promise<number> {
  const loaded = session.load(encodeGraphDef(graph));
  const specs = Object.fromEntries(
    graph.nodes.filter(({ op }) => op === 'Placeholder').map(({ name, outputs: [spec] }) => [name, spec]),
  ) as Parameters<typeof probeInputs>[0];
  const feeds = Object.entries(probeInputs(specs)).map(([name, data]) => ({ name, data: data as UnitArray }));
  const times: number[] = [];
  for (let k = 0; k < repetitions; k++) {
    const startMs = performance.now();
    await loaded.run(feeds, ['timed']);
    times.push(performance.now() - startMs);
  }
  return Math.min(...times);
}

/** Counts by the definition, also where Winograd's algorithm multiplies less. */
function flopsOf({ op, outputs, attributes }: GraphNode, shapes: readonly (readonly number[])[]): number {
  const size = elementCount(outputs[0].shape);
  switch (op) {
    case 'LstmGanMatMul':
      return 2 * size * (shapes[0][attributes['transpose_a'].value === true ? 0 : 1] ?? 0);
    case 'LstmGanThinProduct':
      return 2 * size * (shapes[0][1] ?? 0);
    case 'LstmGanConvolution':
      return 2 * size * 16 * (shapes[1][2] ?? 0);
    case 'LstmGanTransposedConvolution':
      return 2 * elementCount(shapes[0]) * 16 * (shapes[1][2] ?? 0);
    case 'LstmGanKernelGradient':
      return 2 * elementCount(shapes[1]) * 16 * (shapes[0][3] ?? 0);
    default:
      return 0;
  }
}
