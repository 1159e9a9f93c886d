/**
 * Hashes every value that a unit computes on the probe's input, not only its outputs. If two machines or settings
 * compute different bits, the first value that differs tells which operation is the cause.
 */
import { createHash } from 'node:crypto';
import type { Unit } from '@lstm-gan/core';
import { encodeGraphDef } from './graph/emit/graph-def.ts';
import { valueName } from './graph/emit/value-name.ts';
import { elementCount, type Graph } from './graph/graph.ts';
import { makeGraphs } from './make-graphs.ts';
import { probeInputs } from './probe-unit.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';
import { openSession } from './tensorflow/runtime/session.ts';

/** The hash of one float32 value of a unit's graph. */
export interface ValueHash {
  /** The value's name in the graph: `node`, or `node:1` for a node's second output. */
  readonly value: string;
  /** The operation that computes the value, for example `MatMul`. */
  readonly operation: string;
  /** The names of the values that the operation reads. */
  readonly reads: readonly string[];
  /** The hash of the value's little-endian bytes, hexadecimal. */
  readonly sha256: string;
}

/** The most bytes that one run of a graph returns. If the values have more bytes, the graph runs several times. */
const bytesPerRun = 256 * 2 ** 20;

/**
 * The hashes of the float32 values that a unit computes on the CPU, in the order in which they are computed. Values of
 * other types are masks, indices and images, which are never rounded.
 */
export async function hashValues(unit: Unit, provisioned: Provisioned, threads: number): Promise<ValueHash[]> {
  const whole = { ...unit, early: undefined, earlyOutputs: undefined };
  const target = { device: 'cpu', precision: 'float32', stateOnDevice: false } as const;
  const inputs = probeInputs(unit.inputs);
  // The session is opened before the graph is made. Opening it loads our addon, which registers our own operations, and
  // tracing runs these operations.
  const session = openSession(provisioned, threads);
  try {
    const [graph] = await makeGraphs(whole, provisioned, target, threads);
    const loaded = session.load(encodeGraphDef(graph));
    const feeds = loaded.placeholders.map((name) => ({ name, data: inputs[name] }));
    const hashes: ValueHash[] = [];
    for (const values of inRuns(computedValues(graph))) {
      const arrays = await loaded.run(
        feeds,
        values.map(({ value }) => value),
      );
      values.forEach(({ value, operation, reads }, index) =>
        hashes.push({ value, operation, reads, sha256: sha256(arrays[index]) }),
      );
    }
    return hashes;
  } finally {
    session.close();
  }
}

interface ComputedValue extends Omit<ValueHash, 'sha256'> {
  readonly byteCount: number;
}

function computedValues({ nodes }: Graph): ComputedValue[] {
  return nodes
    .filter(({ op }) => op !== 'Const' && op !== 'Placeholder')
    .flatMap((node) =>
      node.outputs.flatMap(({ dtype, shape }, output) => {
        const value = valueName({ node: node.name, output });
        const reads = node.inputs.map(valueName);
        return dtype === 'float32' ? [{ value, operation: node.op, reads, byteCount: 4 * elementCount(shape) }] : [];
      }),
    );
}

/** Divides the values among as few runs as `bytesPerRun` allows. */
function inRuns(values: readonly ComputedValue[]): ComputedValue[][] {
  const runs: ComputedValue[][] = [];
  let bytes = Infinity;
  for (const value of values) {
    bytes += value.byteCount;
    if (bytes > bytesPerRun) {
      runs.push([]);
      bytes = value.byteCount;
    }
    runs[runs.length - 1].push(value);
  }
  return runs;
}

function sha256(array: Float32Array): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}
