/** Sessions of TensorFlow. A session has its own threads, and the graphs that were loaded into it. */
import type { Provisioned } from '../provision/provision.ts';
import { loadAddon, type Kept, type Output, type SessionAddon, type SessionFeed } from './addon.ts';
import { configProto } from './config-proto.ts';
import { copyOutOfHeap } from './copy-out-of-heap.ts';

/**
 * Values that `begin` kept, and the names of the placeholders that get these values. The names are in the order in
 * which `begin` got the names of the values.
 */
export interface KeptFeed {
  readonly values: Kept;
  readonly names: readonly string[];
}

/** A session of TensorFlow. It has its own threads, which all its graphs share. */
export interface Session {
  /** Adds a graph to the session. */
  load(graphDef: Uint8Array): LoadedGraph;
  devices(): { name: string; type: string }[];
  /** Frees the session when its last run is over; a second call does nothing. */
  close(): void;
}

/** A graph of a session. Its runs do not block JavaScript: each has a thread of Node's pool. */
export interface LoadedGraph {
  /**
   * Returns the float32 values with the names `fetches` (`node`, or `node:1` for a node's second output). A node
   * without outputs may be fetched for its effect, and gives no value. The fed arrays must not change until the promise
   * settles.
   * @param kept values of `begin`. No other run can use them.
   */
  run(feeds: readonly SessionFeed[], fetches: readonly string[], kept?: KeptFeed): Promise<Float32Array[]>;
  /**
   * Like `run`, but the first value becomes `onto[0] + (onto[1] + (... + value))`. `isFinite` says whether this sum is
   * finite. In two cases nothing is added, and `isFinite` is undefined: if the first value does not come from
   * LstmGanJoin (the operation that concatenates gradients) or the graph has several of them, and if the vectors `onto`
   * and the first value differ in length.
   */
  accumulate(
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    onto: readonly Float32Array[],
    kept?: KeptFeed,
  ): Promise<{ outputs: Float32Array[]; isFinite: boolean | undefined }>;
  /** Like `run`, but the values with the names `keeps` stay in native memory, for one later run. */
  begin(
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    keeps: readonly string[],
  ): Promise<{ outputs: Float32Array[]; kept: Kept }>;
  /** Frees kept values that no run will use. */
  discard(kept: Kept): void;
  /** The names of the graph's placeholders: all of them must be fed. */
  readonly placeholders: readonly string[];
  /** The names of the graph's variables (its VarHandleOp nodes). Variables belong to the session, and outlive runs. */
  readonly variables: readonly string[];
  /** The names of the nodes that free what `begin` left on the device. */
  readonly drops: readonly string[];
}

/** Opens a session that runs one operation at a time. @param threads threads inside an operation */
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
  const nameInSession = (name: string): string => `${graph}/${name}`;
  const feedsInSession = (feeds: readonly SessionFeed[]): SessionFeed[] =>
    copyOutOfHeap(feeds).map(({ name, data }) => ({ name: nameInSession(name), data }));
  return {
    placeholders: addon.operations(handle, graph, 'Placeholder'),
    variables: addon.operations(handle, graph, 'VarHandleOp'),
    drops: addon.operations(handle, graph, 'DeleteSessionTensor'),
    async run(feeds, fetches, kept) {
      const keptNames = kept?.names.map(nameInSession);
      const names = fetches.map(nameInSession);
      const outputs = await addon.run(handle, feedsInSession(feeds), names, kept?.values, keptNames);
      return outputs.map(toFloats);
    },
    async accumulate(feeds, fetches, onto, kept) {
      const keptNames = kept?.names.map(nameInSession);
      const names = fetches.map(nameInSession);
      const [outputs, isFinite] = await addon.run(handle, feedsInSession(feeds), names, kept?.values, keptNames, onto);
      return { outputs: outputs.map(toFloats), isFinite: isFinite ?? undefined };
    },
    async begin(feeds, fetches, keeps) {
      const names = fetches.map(nameInSession);
      const [outputs, kept] = await addon.begin(handle, feedsInSession(feeds), names, keeps.map(nameInSession));
      return { outputs: outputs.map(toFloats), kept };
    },
    discard: (kept) => addon.discard(kept),
  };
}

function toFloats(output: Output): Float32Array {
  return output instanceof Float32Array ? output : Float32Array.from(output);
}
