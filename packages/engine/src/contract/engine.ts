import type { Unit } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { CompiledUnit } from '@lstm-gan/core/step';
import type { NativeArithmetic } from '../tensorflow/runtime/native-arithmetic.ts';

/**
 * An engine executes units. It takes and returns plain arrays; tensors stay inside. Two implementations pass the same
 * contract suite: the eager engine, which is the reference on tfjs, and the graph engine, which traces a unit once and
 * then runs it as one native TensorFlow call.
 */
export interface Engine {
  readonly name: EngineName;
  /** Arithmetic on flat vectors in native code, with the engine's threads. */
  readonly arithmetic: VectorArithmetic & Partial<Pick<NativeArithmetic, 'sharing'>>;
  /** Prepares a unit. The graph engine takes its GraphDef from the cache, or traces the unit. */
  compile<I extends string, O extends string>(unit: Unit<I, O>): Promise<CompiledUnit<I, O>>;
  /** TensorFlow's version, the device and the threads. */
  describe(): EngineDescription;
  /**
   * The number of tensors (eager engine) or graph runs (graph engine) that are alive now. The number would grow if
   * something leaked.
   */
  liveTensorCount(): number;
  /** Waits for the runs in progress, then frees everything. A second call does nothing. */
  close(): Promise<void>;
}

/** `eager`: the reference on tfjs; `graph`: traced TensorFlow graphs. */
export type EngineName = 'eager' | 'graph';

/** What an engine computes with. A worker sends it to the coordinator at the handshake. */
export interface EngineDescription {
  readonly engine: EngineName;
  readonly tensorflow: string;
  readonly device: { readonly kind: 'cpu' | 'gpu'; readonly name: string };
  readonly threads: number;
}

/**
 * The precision of matrix products and convolutions; weights and everything else are always float32. `tf32` rounds the
 * factors to 10 bits of mantissa inside the kernels of NVIDIA's GPUs. `bfloat16` rounds the factors and the results to
 * 7 bits on any device.
 */
export type Precision = 'float32' | 'tf32' | 'bfloat16';

/** The options of `openEngine`. */
export interface EngineOptions {
  /**
   * The number of threads inside an operation; one operation runs at a time. In graphs for the CPU with precision
   * float32, the bits do not depend on this number.
   */
  readonly threads: number;
  /** The folder into which TensorFlow was provisioned, and in which GraphDefs are cached. */
  readonly cacheDir: string;
  readonly device: 'cpu' | 'gpu';
  /** Default: float32. The bits of all results depend on the precision. */
  readonly precision?: Precision;
  /**
   * Whether weights, and the values that a begun unit keeps, stay on the device from run to run. Default: true on a
   * GPU, false on a CPU. A CPU reads these arrays where they are in the process's memory, so storing them on the device
   * would only copy them.
   */
  readonly stateOnDevice?: boolean;
}
