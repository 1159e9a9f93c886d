/**
 * `exchange-only-worker.ts ADDRESS NAME FLOWS [KEY-FILE]`: a worker whose units compute nothing, so that a step
 * consists only of the exchange: weights, contributions, sum, Adam.
 */
import os from 'node:os';
import type { Unit } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { CompiledUnit } from '@lstm-gan/core/step';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow, type Engine } from '@lstm-gan/engine';
import { createLog } from '@lstm-gan/run';
import { createPeerLink, createWorkerLink, peerBindAddress, readKeyFile } from '@lstm-gan/transport';
import { startWorker } from '@lstm-gan/worker';

/**
 * The outputs of all units. A unit returns the same arrays each time, because making new arrays would take longer than
 * sending them. The arrays hold 1/3, not 0, because zeros travel in half the bytes.
 */
const outputsOfAll = new Set<Float32Array | Uint8Array>();

function compileNothing<I extends string, O extends string>(
  unit: Unit<I, O>,
  { allocateOutgoing }: VectorArithmetic,
): CompiledUnit<I, O> {
  const outputs = Object.fromEntries(
    Object.entries<{ readonly shape: readonly number[] }>(unit.outputs).map(([name, { shape }]) => {
      const array = allocateOutgoing(shape.reduce((product, length) => product * length, 1)).fill(1 / 3);
      outputsOfAll.add(array);
      return [name, array];
    }),
  ) as Record<O, Float32Array>;
  const run = () => Promise.resolve({ ...outputs });
  return {
    inputs: unit.inputs,
    outputs: unit.outputs,
    graphHash: '',
    run,
    begin: async () => ({ outputs, finish: run, discard: () => undefined }),
  };
}

async function openNothing(): Promise<Engine> {
  const provisioned = await locateTensorFlow(defaultCacheDir(process.env, os.homedir()), 'cpu');
  if (provisioned === undefined) throw new Error('TensorFlow is not set up; run: npm run bench');
  const native = loadNativeArithmetic(provisioned, 1);
  const arithmetic: VectorArithmetic = {
    ...native,
    release: (array) => (outputsOfAll.has(array) ? undefined : native.release(array)),
  };
  return {
    name: 'graph',
    arithmetic,
    compile: async (unit) => compileNothing(unit, native),
    describe: () => ({ engine: 'graph', tensorflow: 'none', device: { kind: 'cpu', name: 'nothing' }, threads: 1 }),
    liveTensorCount: () => 0,
    close: async () => undefined,
  };
}

const [address, name, flows, keyFile] = process.argv.slice(2);
const flowCount = Number(flows);
const engine = await openNothing();
const keys = keyFile === undefined ? undefined : await readKeyFile(keyFile);
await startWorker({
  link: createWorkerLink({ connect: address, keys, memory: engine.arithmetic, flowCount }),
  name,
  openEngine: async () => engine,
  openPeers: async () =>
    createPeerLink({ bind: await peerBindAddress(address, name), memory: engine.arithmetic, flowCount }),
  host: name,
  besideCoordinator: true,
  log: createLog('/dev/null'),
  signal: new AbortController().signal,
  // The clock stands still. With units that compute nothing, measured times would be noise, and because of that noise
  // some workers would get no shards.
  now: () => 0,
});
