/**
 * The functions of our native addon. For each interface in this file, `native/` has a folder whose files explain the
 * functions. The addon checks every argument. For a wrong argument, it throws an Error with a code.
 */
import type { AdamOptions, UnitArray } from '@lstm-gan/core';
import type { AdamVectors } from '@lstm-gan/core/optimizer';
import type { Provisioned } from '../provision/provision.ts';
import { loadNative } from './load-native.ts';

/** All functions of the addon. */
export interface Addon extends SessionAddon, MemoryAddon, ArithmeticAddon, KernelsAddon {
  /** TensorFlow's version, from the library itself. */
  version(): string;
}

/** An array that is fed to a run, under the name of its placeholder; flat, in the order of the placeholder's shape. */
export interface SessionFeed {
  readonly name: string;
  readonly data: UnitArray;
}

/** Values that a run by `begin` left in native memory for one later run. */
export type Kept = object & { readonly kept: unique symbol };

/** A value that was fetched. A value of at most 16 floats is an array of numbers: see `native/session/run.cc`. */
export type Output = Float32Array | number[];

/** Functions of the addon that open TensorFlow sessions and run their graphs (`native/session`). */
export interface SessionAddon {
  /** @param config a ConfigProto. Returns the session's handle. */
  open(config: Uint8Array): unknown;
  /** Adds a graph to a session. In the session, every name of the graph begins with `name` and a slash. */
  load(handle: unknown, graphDef: Uint8Array, name: string): void;
  /** @param kept values that are fed to the placeholders `keptNames`. No other run can use them. */
  run(
    handle: unknown,
    feeds: readonly SessionFeed[],
    fetches: readonly string[],
    kept?: Kept,
    keptNames?: readonly string[],
  ): Promise<Output[]>;
  /**
   * Adds the vectors `onto` to the first output. `isFinite` is null if they were not added: see
   * `LoadedGraph.accumulate`.
   */
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
  /** The names of a graph's operations of one type. */
  operations(handle: unknown, graph: string, type: string): string[];
  devices(handle: unknown): { name: string; type: string }[];
  close(handle: unknown): void;
}

/** Memory for vectors, of this process alone or shared with other processes (`native/memory`). */
export interface MemoryAddon {
  allocate(byteLength: number): ArrayBuffer;
  /** Detaches the array, and frees its memory at once. */
  release(array: Float32Array | Uint8Array): void;
  /** Undefined if there are too many blocks, or if the system has no memory. */
  allocateShared(byteLength: number): ArrayBuffer | undefined;
  /** Whether an array fills a block of this process. */
  isShared(array: Float32Array): boolean;
  /** Lends the block that an array fills: the block has one user more. Undefined for an array in other memory. */
  lend(array: Float32Array): [fd: number, name: string] | undefined;
  /** Ends a loan: the block has one user less. If `reusable` is false, no later array is placed in the block. */
  takeBack(name: string, reusable: boolean): void;
  /** Maps a block of another process, read-only. */
  attach(pid: number, fd: number, name: string, byteLength: number): ArrayBuffer;
  /** Unmaps the blocks of a process that has ended. Each block is unmapped as soon as no array lies in it. */
  forget(pid: number): void;
}

/** Arithmetic on vectors of weights (`native/arithmetic`). */
interface ArithmeticAddon {
  /** Returns whether the new weights in [start, end) are finite. */
  adam(call: AdamCall): boolean;
  /** Begins to write `beta * ema + (1 - beta) * weights` into `result`, and returns at once. */
  ema(ema: Float32Array, weights: Float32Array, result: Float32Array, beta: number): void;
  /** Returns when all averages that `ema` has begun are written. */
  finishPending(): void;
  /** Writes a sum (see `AdamCall.vectors`) into `target`, and returns whether it is finite. */
  evaluateSum(vectors: readonly Float32Array[], order: string, target: Float32Array, threads: number): boolean;
}

/** The argument of `adam`. All vectors have the same length; the floats [start, end) are updated. */
interface AdamCall extends Omit<AdamVectors, 'gradientSum'>, AdamOptions {
  /** The vectors of the sum of gradients. */
  readonly vectors: readonly Float32Array[];
  /** The order of the additions, in postfix: `v` takes the next vector, `+` adds two. `vvv++` is a + (b + c). */
  readonly order: string;
  readonly start: number;
  readonly end: number;
  /** The gradient is the sum of gradients divided by `divisor`. */
  readonly divisor: number;
  readonly beta1Power: number;
  readonly beta2Power: number;
  readonly threads: number;
}

/** TensorFlow operations of our own (`native/kernels`). */
interface KernelsAddon {
  /** Sets the number of threads of our operations, in all sessions of the process. */
  setKernelThreads(threads: number): void;
}

/** The addon. Node loads it only once in a process. */
export function loadAddon({ paths }: Provisioned): Addon {
  return loadNative(paths.session) as Addon;
}

/** TensorFlow's version, from the library itself. */
export function libraryVersion(provisioned: Provisioned): string {
  return loadAddon(provisioned).version();
}
