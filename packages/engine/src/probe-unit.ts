/**
 * The probe: the hash of a compiled unit's outputs on a fixed input. Machines with equal probes compute the same bits,
 * whatever their processors are. At the handshake, a strict run refuses a worker whose probes differ from the run's.
 */
import { createHash } from 'node:crypto';
import type { ArraySpec, UnitArray } from '@lstm-gan/core';
import type { CompiledUnit } from '@lstm-gan/core/step';
import { elementCount } from './graph/graph.ts';

/**
 * SHA-256, hexadecimal, of the outputs on the probe's input. It covers the name and the little-endian bytes of each
 * output, in alphabetical order of the names.
 */
export async function probeUnit(compiled: CompiledUnit): Promise<string> {
  const outputs = await compiled.run(probeInputs(compiled.inputs));
  const hash = createHash('sha256');
  for (const name of Object.keys(outputs).sort()) {
    const output = outputs[name];
    if (output !== undefined)
      hash.update(name).update(new Uint8Array(output.buffer, output.byteOffset, output.byteLength));
  }
  return hash.digest('hex');
}

/**
 * The probe's input, a pure function of the specs. Floats are in [0.01, 0.05): small, so that activations stay in
 * range, and positive, because some of the weights are variances.
 */
export function probeInputs(specs: Readonly<Record<string, ArraySpec>>): Record<string, UnitArray> {
  const next = integerSequence(0x2545f491);
  const inputs: Record<string, UnitArray> = {};
  for (const name of Object.keys(specs).sort()) {
    const spec = specs[name];
    if (spec !== undefined) inputs[name] = fill(spec, next);
  }
  return inputs;
}

/**
 * The numbers of an input repeat after this many numbers, because drawing millions of numbers took a sixteenth of the
 * time of a worker's start. The period is a prime, so the rows of a matrix differ.
 */
const period = 65_521;

function fill(spec: ArraySpec, next: () => number): UnitArray {
  const length = elementCount(spec.shape);
  const array =
    spec.dtype === 'float32'
      ? new Float32Array(length)
      : spec.dtype === 'int32'
        ? new Int32Array(length)
        : new Uint8Array(length);
  const shift = spec.dtype === 'uint8' ? 24 : 1;
  const below = spec.below ?? Infinity;
  for (let index = 0; index < Math.min(length, period); index++) {
    array[index] = spec.dtype === 'float32' ? 0.01 + (0.04 * next()) / 2 ** 32 : (next() >>> shift) % below;
  }
  for (let filled = period; filled < length; filled *= 2) array.copyWithin(filled, 0, filled);
  return array;
}

/** Integers by xorshift32 (Marsaglia, 2003). They need not be of high quality, only equal on all machines. */
function integerSequence(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
