import type { ArraySpec, Unit, UnitArray, VectorArithmetic } from '@lstm-gan/core';
import type { Accumulation } from './accumulation.ts';
import type { NativeArithmetic } from './tensorflow/native-arithmetic.ts';

/**
 * An engine executes units. It takes and gives plain arrays; tensors stay inside. Two implementations pass the same
 * contract suite: the eager reference on tfjs, and the graph engine, which traces a unit once and from then on runs it
 * as one native TensorFlow call.
 */
export interface Engine {
  readonly name: EngineName;
  /** Native arithmetic on flat vectors, with the engine's threads. */
  readonly arithmetic: VectorArithmetic & Partial<Pick<NativeArithmetic, 'sharing'>>;
  /** Prepares a unit; the graph engine traces it, or takes its GraphDef from the cache. */
  compile<I extends string, O extends string>(unit: Unit<I, O>): Promise<CompiledUnit<I, O>>;
  /** What it computes with. */
  describe(): EngineDescription;
  /** Tensors (eager) or runs (graph) that are alive now: what a leak would make grow. */
  liveTensorCount(): number;
  /** Waits for runs in flight, then frees everything. A second call does nothing. */
  close(): Promise<void>;
}

/** The eager reference on tfjs, or traced TensorFlow graphs. */
export type EngineName = 'eager' | 'graph';

/** A unit that an engine is ready to run, any number of times. */
export interface CompiledUnit<I extends string = string, O extends string = string> {
  readonly inputs: Readonly<Record<I, ArraySpec>>;
  readonly outputs: Readonly<Record<O, ArraySpec>>;
  /** SHA-256 of the GraphDef, hexadecimal; empty for the eager engine, which has none. */
  readonly graphHash: string;
  /**
   * Checks names, types and lengths; the inputs must not change until the promise settles, lasting ones never. The outputs belong to the
   * caller, who may write on them and release them. Rejects with a NotFiniteSumError when an accumulation's sum is not finite.
   */
  run(inputs: Readonly<Record<I, UnitArray>>, accumulation?: Accumulation<O>): Promise<Record<O, Float32Array>>;
  /** Runs what depends on the unit's early inputs alone; gives the same bits as `run`, which is both parts in a row. */
  begin(early: UnitArrays<I>): Promise<BegunUnit<I, O>>;
}

/** Some of a unit's inputs. */
export type UnitArrays<I extends string> = Readonly<Partial<Record<I, UnitArray>>>;

/** A unit of which the first part was run. */
export interface BegunUnit<I extends string, O extends string> {
  /** The unit's early outputs; they belong to the caller. */
  readonly outputs: Partial<Record<O, Float32Array>>;
  /** Goes on, once, with the inputs that were not given yet; gives the other outputs, one of them accumulated as by `run`. */
  finish(rest: UnitArrays<I>, accumulation?: Accumulation<O>): Promise<Partial<Record<O, Float32Array>>>;
  /** Instead of going on: frees what was kept for it at once. */
  discard(): void;
}

/** What an engine computes with: what a worker tells at the handshake. */
export interface EngineDescription {
  readonly engine: EngineName;
  readonly tensorflow: string;
  readonly device: { readonly kind: 'cpu' | 'gpu'; readonly name: string };
  readonly threads: number;
}

/**
 * How products are computed; weights and everything else are float32 always. `tf32` rounds factors to 10 bits of mantissa inside
 * the kernels of NVIDIA's GPUs, `bfloat16` to 7 on any device.
 */
export type Precision = 'float32' | 'tf32' | 'bfloat16';

/** What an engine is opened with. */
export interface EngineOptions {
  /** Threads inside an operation; one operation runs at a time. Decides the bits: part of a run's identity. */
  readonly threads: number;
  /** Where provisioning put TensorFlow, and where GraphDefs are kept. */
  readonly cacheDir: string;
  readonly device: 'cpu' | 'gpu';
  /** Default float32. Decides the bits. */
  readonly precision?: Precision;
  /**
   * Whether weights, and what a begun unit keeps, stay on the device from run to run. Default: on a GPU. A processor computes where they
   * lie anyway, and would only copy them.
   */
  readonly stateOnDevice?: boolean;
}
