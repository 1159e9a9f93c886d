import { createRequire } from 'node:module';
import type { UnitArray } from '@lstm-gan/core';
import { concatBytes, messageField, textField, varintField } from '../graph/wire-format.ts';
import type { Provisioned } from './provision.ts';
import type { TensorFlowVariant } from './release.ts';

/** One array fed to a run, under the name of its placeholder and in its shape. */
export interface SessionFeed {
  readonly name: string;
  readonly data: UnitArray;
}

/** Values in native memory. */
type Kept = object & { readonly kept: unique symbol };

export interface KeptFeed {
  readonly values: Kept;
  /** In the order in which they were fetched. */
  readonly names: readonly string[];
}

/** TensorFlow with threads of its own, for graphs that share them. */
export interface Session {
  /** Takes a graph in. */
  load(graphDef: Uint8Array): LoadedGraph;
  devices(): { name: string; type: string }[];
  /** Frees the session when its last run is over; a second call does nothing. */
  close(): void;
}

/** A graph of a session, ready to run on a thread of its own. */
export interface LoadedGraph {
  /**
   * Values of the names to fetch (`node` or `node:1`), float32; none of a node that has no value and is there for its effect.
   * The fed arrays must not change until it settles.
   * @param kept what `begin` kept, and the placeholders it is fed to; used up
   */
  run(feeds: readonly SessionFeed[], fetches: readonly string[], kept?: KeptFeed): Promise<Float32Array[]>;
  /**
   * The same with the first value becoming `onto[0] + (onto[1] + (... + value))`. `isFinite` is undefined where the value was left as it is:
   * of a graph that does not end in our join, or of vectors of another length.
   */
  accumulate(
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    onto: readonly Float32Array[],
    kept?: KeptFeed,
  ): Promise<{ outputs: Float32Array[]; isFinite: boolean | undefined }>;
  /** Values to fetch, and values that stay in native memory for one other run. */
  begin(
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    keeps: readonly string[],
  ): Promise<{ outputs: Float32Array[]; kept: Kept }>;
  /** Frees kept values that no run will use. */
  discard(kept: Kept): void;
  /** Names of what the graph must be fed. */
  readonly placeholders: readonly string[];
  /** Names of the nodes for its variables, which outlive runs, and are the session's. */
  readonly variables: readonly string[];
  /** Names of the nodes that let go of what `begin` left on the device. */
  readonly drops: readonly string[];
}

/** What the addon gives of a value: few numbers as such. */
type Output = Float32Array | number[];

export interface SessionAddon {
  open(config: Uint8Array): unknown;
  /** Every name of the graph is, in the session, behind the graph's own and a slash. */
  load(handle: unknown, graphDef: Uint8Array, name: string): void;
  run(
    handle: unknown,
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    kept?: Kept,
    keptNames?: readonly string[],
  ): Promise<Output[]>;
  run(
    handle: unknown,
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    kept: Kept | undefined,
    keptNames: readonly string[] | undefined,
    onto: readonly Float32Array[],
  ): Promise<[outputs: Output[], isFinite: boolean | null]>;
  begin(
    handle: unknown,
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    keeps: readonly string[],
  ): Promise<[outputs: Output[], kept: Kept]>;
  discard(kept: Kept): void;
  operations(handle: unknown, graph: string, type: string): string[];
  devices(handle: unknown): { name: string; type: string }[];
  close(handle: unknown): void;
  version(): string;
  /** A sum, six arrays, then threads, start, end, divisor, rate, betas, epsilon and powers. */
  adam(
    vectors: readonly Float32Array[],
    order: string,
    ...parameters: [...arrays: Float32Array[], numbers: number[]]
  ): boolean;
  average(ema: Float32Array, weights: Float32Array, result: Float32Array, beta: number): void;
  settle(): void;
  addUp(vectors: readonly Float32Array[], order: string, target: Float32Array, threads: number): boolean;
  release(array: Float32Array | Uint8Array): void;
  /** For operations of our own, in the whole process. */
  setKernelThreads(threads: number): void;
  allocate(byteLength: number): ArrayBuffer;
  /** Undefined where there are no more blocks to be had. */
  allocateShared(byteLength: number): ArrayBuffer | undefined;
  /** Whether an array fills a block. */
  isShared(array: Float32Array): boolean;
  /** The block that an array fills, once more in use; undefined for an array elsewhere. */
  lend(array: Float32Array): [fd: number, name: string] | undefined;
  takeBack(name: string, reusable: boolean): void;
  attach(pid: number, fd: number, name: string, byteLength: number): ArrayBuffer;
  forget(pid: number): void;
}

/** The addon; Node loads it once a process. */
export function loadAddon({ paths }: Provisioned): SessionAddon {
  return createRequire(import.meta.url)(paths.session) as SessionAddon;
}

/** The version that the library itself tells. */
export function libraryVersion(provisioned: Provisioned): string {
  return loadAddon(provisioned).version();
}

/** Opens a session with its own threads: `threads` inside an operation, one operation at a time. */
export function openSession(provisioned: Provisioned, threads: number): Session {
  const addon = loadAddon(provisioned);
  addon.setKernelThreads(threads);
  return createSession(addon, configProto(threads, provisioned.variant));
}

/** @param config a ConfigProto */
export function createSession(addon: SessionAddon, config: Uint8Array): Session {
  const handle = addon.open(config);
  let graphCount = 0;
  return {
    load: (graphDef) => loadGraph(addon, handle, graphDef, `graph${graphCount++}`),
    devices: () => addon.devices(handle),
    close: () => addon.close(handle),
  };
}

function loadGraph(addon: SessionAddon, handle: unknown, graphDef: Uint8Array, graph: string): LoadedGraph {
  addon.load(handle, graphDef, graph);
  const named = (name: string): string => `${graph}/${name}`;
  const fed = (feeds: readonly SessionFeed[]): SessionFeed[] =>
    outsideHeap(feeds).map(({ name, data }) => ({ name: named(name), data }));
  return {
    placeholders: addon.operations(handle, graph, 'Placeholder'),
    variables: addon.operations(handle, graph, 'VarHandleOp'),
    drops: addon.operations(handle, graph, 'DeleteSessionTensor'),
    run: async (feeds, fetches, kept) =>
      (await addon.run(handle, fed(feeds), fetches.map(named), kept?.values, kept?.names.map(named))).map(asArray),
    async accumulate(feeds, fetches, onto, kept) {
      const [outputs, isFinite] = await addon.run(
        handle,
        fed(feeds),
        fetches.map(named),
        kept?.values,
        kept?.names.map(named),
        onto,
      );
      return { outputs: outputs.map(asArray), isFinite: isFinite ?? undefined };
    },
    async begin(feeds, fetches, keeps) {
      const [outputs, kept] = await addon.begin(handle, fed(feeds), fetches.map(named), keeps.map(named));
      return { outputs: outputs.map(asArray), kept };
    },
    discard: (kept) => addon.discard(kept),
  };
}

const asArray = (output: Output): Float32Array => (output instanceof Float32Array ? output : Float32Array.from(output));

/** Typed arrays of at most as many bytes lie in V8's heap. */
const heapBytes = 64;
/**
 * Off the addon's alignment, for it copies what lies so before it returns, and borrows the rest: memory begins at a multiple of 16,
 * so 8 bytes on, nothing is aligned to 64.
 */
const misaligned = 8;
const placeBytes = 2 * heapBytes;
const outside = new ArrayBuffer(32 * placeBytes);

/**
 * Copies feeds that lie in V8's heap out of it. V8 would, when native code reads them, make memory for each, and collect
 * garbage for that where large vectors have been made before: three to seven times a step.
 */
function outsideHeap(feeds: readonly SessionFeed[]): SessionFeed[] {
  return feeds.map(({ name, data }, k) => {
    const start = k * placeBytes + misaligned;
    if (data.byteLength > heapBytes || start > outside.byteLength) return { name, data };
    const copy = new (data.constructor as Int32ArrayConstructor)(outside, start, data.length);
    copy.set(data);
    return { name, data: copy };
  });
}

/**
 * TensorFlow's ConfigProto (config.proto): intra_op 2, inter_op 5, use_per_session_threads 9, graph_options 10 with
 * rewrite_options 10 and in it disable_meta_optimizer 19, experimental 16 with executor_type 3 and disable_thread_spinning 9.
 * Idle threads that spin took 5 % of a step from the other worker of the machine.
 *
 * On a CPU operations run one after the other, on the calling thread, and TensorFlow's optimizer has nothing to do: it took 85 ms of a
 * worker's start for the same bits at the same speed. For a GPU it chooses the memory layout of convolutions; and there a graph is
 * parted between processor and GPU, and the executor with one thread would wait in one part for the other, which waits for the thread.
 */
export function configProto(threads: number, variant: TensorFlowVariant): Uint8Array {
  const asWritten = messageField(10, messageField(10, varintField(19, 1)));
  const oneThread = textField(3, 'SINGLE_THREADED_EXECUTOR');
  const [optimizer, executor] = variant === 'cpu' ? [[asWritten], [oneThread]] : [[], []];
  const experimental = concatBytes([...executor, varintField(9, 1)]);
  return concatBytes([
    varintField(2, threads),
    varintField(5, 1),
    varintField(9, 1),
    ...optimizer,
    messageField(16, experimental),
  ]);
}
