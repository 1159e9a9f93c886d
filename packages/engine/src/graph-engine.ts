/**
 * The graph engine: a unit is traced once into a TensorFlow graph, which is cached on disk. From then on the unit runs
 * as one native call on another thread. If the graph is in the cache, tfjs-node is not even loaded.
 */
import { createHash } from 'node:crypto';
import type { Unit, UnitArray } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { closedError } from './contract/closed-error.ts';
import type { CompiledUnit } from '@lstm-gan/core/step';
import type { Engine, EngineDescription, EngineOptions, Precision } from './contract/engine.ts';
import { codeDigest } from './graph/cache/code-digest.ts';
import { graphKey, readGraph, writeGraph } from './graph/cache/graph-cache.ts';
import { encodeGraphDef } from './graph/emit/graph-def.ts';
import type { GraphTarget } from './graph/graph-target.ts';
import { assignmentGraph, variableName } from './graph/prepare/state-on-device.ts';
import { GraphUnit, type GraphRuns, type Inputs } from './graph-unit.ts';
import { LastingInputs } from './lasting-inputs.ts';
import { usesFusedMultiplyAdd } from './processor.ts';
import { loadNativeArithmetic, type NativeArithmetic } from './tensorflow/runtime/native-arithmetic.ts';
import { libraryVersion, type SessionFeed } from './tensorflow/runtime/addon.ts';
import { openSession, type LoadedGraph, type Session } from './tensorflow/runtime/session.ts';
import type { Provisioned } from './tensorflow/provision/provision.ts';

/** Opens the graph engine on provisioned TensorFlow. @param open opens the engine's session */
export async function openGraphEngine(
  provisioned: Provisioned,
  options: EngineOptions,
  open = openSession,
): Promise<Engine> {
  if (options.device === 'gpu') setUpCuda(options.precision);
  return new GraphEngine(provisioned, options, await codeDigest(), open(provisioned, options.threads));
}

/** Sets the environment variables that CUDA and TensorFlow read when they start. */
function setUpCuda(precision: Precision | undefined): void {
  // Without this variable, TensorFlow uses TF32.
  process.env['NVIDIA_TF32_OVERRIDE'] = precision === 'tf32' ? '1' : '0';
  // Without this variable, TensorFlow uses algorithms whose bits differ from run to run, or chooses them by their
  // speed.
  process.env['TF_DETERMINISTIC_OPS'] ??= '1';
  // Without this variable, TensorFlow takes all of the GPU's memory at the start, and leaves none to other workers.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

class GraphEngine implements Engine, GraphRuns {
  readonly name = 'graph';
  readonly arithmetic: NativeArithmetic;
  readonly #provisioned: Provisioned;
  readonly #options: EngineOptions;
  readonly #target: GraphTarget;
  readonly #code: string;
  readonly #description: EngineDescription;
  readonly #session: Session;
  readonly #running = new Set<Promise<unknown>>();
  readonly #lasting = new LastingInputs((variable, array) => this.#assign(variable, array));
  readonly #assignments = new Map<string, LoadedGraph>();
  #closed = false;

  constructor(provisioned: Provisioned, options: EngineOptions, code: string, session: Session) {
    this.#provisioned = provisioned;
    this.#options = options;
    const { device, precision = 'float32', stateOnDevice = device === 'gpu' } = options;
    this.#target = { device, precision, stateOnDevice };
    this.#code = code;
    this.arithmetic = loadNativeArithmetic(provisioned, options.threads);
    this.#session = session;
    this.#description = {
      engine: 'graph',
      tensorflow: libraryVersion(provisioned),
      device: describeDevice(this.#session, device),
      threads: options.threads,
    };
  }

  describe(): EngineDescription {
    return this.#description;
  }

  liveTensorCount(): number {
    return this.#running.size;
  }

  async compile<I extends string, O extends string>(unit: Unit<I, O>): Promise<CompiledUnit<I, O>> {
    if (this.#closed) throw closedError('The graph engine');
    const graphDefs = await this.#graphDefsOf(unit as Unit);
    const hash = createHash('sha256');
    for (const graphDef of graphDefs) hash.update(graphDef);
    const graphs = graphDefs.map((graphDef) => this.#session.load(graphDef));
    return new GraphUnit(unit, graphs, hash.digest('hex'), this);
  }

  isClosed(): boolean {
    return this.#closed;
  }

  callWithFeeds<T>(
    unit: Unit,
    graph: LoadedGraph,
    inputs: Inputs,
    call: (feeds: SessionFeed[]) => Promise<T>,
  ): Promise<T> {
    const given = (names: readonly string[]): string[] => names.filter((name) => name in inputs);
    const lasting = given(graph.variables).map((name) => [variableName(name, unit.inputs[name].shape), inputs[name]]);
    const feeds = given(graph.placeholders).map((name) => ({ name, data: inputs[name] }));
    return this.#lasting.holding(Object.fromEntries(lasting), () => this.#call(`Unit ${unit.name}`, () => call(feeds)));
  }

  /** Makes a native call. `close` waits for it. */
  async #call<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(what);
    const running = call();
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  /** Puts an array into a variable. The graph that assigns a variable is made at the variable's first assignment. */
  async #assign(variable: string, array: UnitArray): Promise<void> {
    await this.#call(`Variable ${variable}`, () => {
      const graph =
        this.#assignments.get(variable) ??
        this.#session.load(encodeGraphDef(assignmentGraph(variable, [array.length])));
      this.#assignments.set(variable, graph);
      return graph.run([{ name: 'value', data: array }], ['assign']);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    this.#session.close();
  }

  /** The GraphDef of a unit, or two GraphDefs if the unit has early inputs. Reads them from the cache, or traces. */
  async #graphDefsOf(unit: Unit): Promise<Uint8Array[]> {
    const { cacheDir } = this.#options;
    const parts = unit.early === undefined ? (['whole'] as const) : (['begin', 'finish'] as const);
    const keys = parts.map((part) =>
      graphKey({ ...this.#target, unit, tensorflow: this.#description.tensorflow, code: this.#code, part }),
    );
    const cached = await Promise.all(keys.map((key) => readGraph(cacheDir, key)));
    if (cached.every((graphDef) => graphDef !== undefined)) return cached;
    // Imported only when it is needed: make-graphs.ts loads tfjs, which a worker with cached graphs does not need.
    const { makeGraphs } = await import('./make-graphs.ts');
    const graphDefs = (await makeGraphs(unit, this.#provisioned, this.#target, this.#options.threads)).map(
      encodeGraphDef,
    );
    await Promise.all(keys.map((key, i) => writeGraph(cacheDir, key, graphDefs[i])));
    return graphDefs;
  }
}

function describeDevice(session: Session, device: EngineOptions['device']): EngineDescription['device'] {
  if (device === 'cpu') return { kind: 'cpu', name: usesFusedMultiplyAdd() ? 'CPU' : 'CPU without AVX2 or FMA' };
  const gpu = session.devices().find(({ type }) => type === 'GPU');
  if (gpu !== undefined) return { kind: 'gpu', name: gpu.name };
  session.close();
  throw new UserError({
    code: 'gpu-not-used',
    message: 'TensorFlow was to compute on a GPU and finds none that it can use.',
    advice:
      'lstm-gan doctor tells why; CUDA_VISIBLE_DEVICES must name a GPU that is there. --device cpu computes without one.',
  });
}
