/**
 * The graph engine: a unit is traced once into a TensorFlow graph, kept on disk, and from then on runs as one native call
 * on a thread of its own. With a cached graph tfjs-node is not even loaded.
 */
import { createHash } from 'node:crypto';
import { checkArrays, UserError, type Unit, type UnitArray } from '@lstm-gan/core';
import { checkAccumulation, endAccumulation } from './accumulation.ts';
import { closedError } from './closed-error.ts';
import { earlySpecs } from './early-specs.ts';
import type { CompiledUnit, Engine, EngineDescription, EngineOptions } from './engine.ts';
import { codeDigest } from './graph/code-digest.ts';
import { graphKey, readGraph, writeGraph } from './graph/graph-cache.ts';
import { encodeGraphDef } from './graph/graph-def.ts';
import { outputName } from './graph/output-names.ts';
import { loadNativeArithmetic, type NativeArithmetic } from './tensorflow/native-arithmetic.ts';
import { libraryVersion, openSession, type LoadedGraph, type Session } from './tensorflow/session.ts';
import type { Provisioned } from './tensorflow/provision.ts';

/** Opens the graph engine on provisioned TensorFlow. */
export async function openGraphEngine(provisioned: Provisioned, options: EngineOptions): Promise<Engine> {
  // Read when CUDA starts. TensorFlow would use TF32 unasked.
  if (options.device === 'gpu') process.env['NVIDIA_TF32_OVERRIDE'] = options.precision === 'tf32' ? '1' : '0';
  return new GraphEngine(provisioned, options, await codeDigest());
}

type Inputs = Readonly<Record<string, UnitArray>>;

class GraphEngine implements Engine {
  readonly name = 'graph';
  readonly arithmetic: NativeArithmetic;
  readonly #provisioned: Provisioned;
  readonly #options: EngineOptions;
  readonly #code: string;
  readonly #description: EngineDescription;
  readonly #session: Session;
  readonly #runs = new Set<Promise<unknown>>();
  #closed = false;

  constructor(provisioned: Provisioned, options: EngineOptions, code: string) {
    this.#provisioned = provisioned;
    this.#options = options;
    this.#code = code;
    this.arithmetic = loadNativeArithmetic(provisioned, options.threads);
    this.#session = openSession(provisioned, options.threads);
    const device = describeDevice(this.#session, options.device);
    this.#description = { engine: 'graph', tensorflow: libraryVersion(provisioned), device, threads: options.threads };
  }

  describe(): EngineDescription {
    return this.#description;
  }

  liveTensorCount(): number {
    return this.#runs.size;
  }

  async compile<I extends string, O extends string>(unit: Unit<I, O>): Promise<CompiledUnit<I, O>> {
    if (this.#closed) throw closedError('The graph engine');
    const graphDefs = await this.#graphDefsOf(unit as Unit);
    const hash = createHash('sha256');
    for (const graphDef of graphDefs) hash.update(graphDef);
    const graphs = graphDefs.map((graphDef) => this.#session.load(graphDef));
    const finishing = graphs.at(-1) as LoadedGraph;
    const kept = finishing.placeholders.filter((name) => !(name in unit.inputs));
    const earlyNames: readonly O[] = unit.earlyOutputs ?? [];
    const lateNames = (Object.keys(unit.outputs) as O[]).filter((name) => !earlyNames.includes(name));

    const begin: CompiledUnit<I, O>['begin'] = async (early) => {
      checkArrays(unit.name, earlySpecs(unit as Unit), early as Inputs);
      const begun = kept.length + earlyNames.length === 0 ? undefined : await this.#during(unit.name, () => graphs[0].begin(feedsOf(graphs[0], early as Inputs), earlyNames.map(outputName), kept.map(outputName)));
      return {
        outputs: named(earlyNames, begun?.outputs ?? []),
        finish: async (rest, accumulation) => {
          const inputs = { ...early, ...rest } as Inputs;
          checkArrays(unit.name, unit.inputs, inputs);
          const keptFeed = begun && { values: begun.kept, names: kept };
          const feeds = feedsOf(finishing, inputs);
          if (accumulation === undefined) return named(lateNames, await this.#during(unit.name, () => finishing.run(feeds, lateNames.map(outputName), keptFeed)));
          checkAccumulation(unit as Unit, accumulation);
          const names = [accumulation.output, ...lateNames.filter((name) => name !== accumulation.output)];
          const sum = await this.#during(unit.name, () => finishing.accumulate(feeds, names.map(outputName), accumulation.onto, keptFeed));
          const outputs = named(names, sum.outputs);
          endAccumulation(unit as Unit, accumulation, outputs as Record<O, Float32Array>, this.arithmetic, sum.isFinite);
          return outputs;
        },
        discard: () => begun && graphs[0].discard(begun.kept),
      };
    };
    const run: CompiledUnit<I, O>['run'] = async (inputs, accumulation) => {
      checkArrays(unit.name, unit.inputs, inputs);
      const early = Object.fromEntries((unit.early ?? []).map((name) => [name, inputs[name]]));
      const { outputs, finish } = await begin(early as never);
      return { ...outputs, ...(await finish(inputs, accumulation)) } as Record<O, Float32Array>;
    };
    return { inputs: unit.inputs, outputs: unit.outputs, graphHash: hash.digest('hex'), run, begin };
  }

  /** A native call that closing waits for. */
  async #during<T>(unit: string, call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError(`Unit ${unit}`);
    const running = call();
    this.#runs.add(running);
    return running.finally(() => this.#runs.delete(running));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#runs);
    this.#session.close();
  }

  /** One graph, or two for a unit that can be begun; from the cache, or traced now. */
  async #graphDefsOf(unit: Unit): Promise<Uint8Array[]> {
    const { cacheDir, device, threads, precision = 'float32' } = this.#options;
    const parts = unit.early === undefined ? (['whole'] as const) : (['begin', 'finish'] as const);
    const keys = parts.map((part) => graphKey({ unit, device, precision, tensorflow: this.#description.tensorflow, code: this.#code, part }));
    const cached = await Promise.all(keys.map((key) => readGraph(cacheDir, key)));
    if (cached.every((graphDef) => graphDef !== undefined)) return cached;
    // Loads tfjs, which a worker that finds its graphs does without.
    const { makeGraphs } = await import('./graph/make-graphs.ts');
    const graphDefs = (await makeGraphs(unit, this.#provisioned, { threads, device, precision })).map(encodeGraphDef);
    await Promise.all(keys.map((key, i) => writeGraph(cacheDir, key, graphDefs[i])));
    return graphDefs;
  }
}

function named<O extends string>(names: readonly O[], arrays: readonly Float32Array[]): Partial<Record<O, Float32Array>> {
  return Object.fromEntries(names.map((name, index) => [name, arrays[index]])) as Partial<Record<O, Float32Array>>;
}

/** The inputs that a graph reads. */
function feedsOf({ placeholders }: LoadedGraph, inputs: Inputs): { name: string; data: UnitArray }[] {
  return placeholders.filter((name) => name in inputs).map((name) => ({ name, data: inputs[name] }));
}

function describeDevice(session: Session, device: EngineOptions['device']): EngineDescription['device'] {
  if (device === 'cpu') return { kind: 'cpu', name: 'CPU' };
  const gpu = session.devices().find(({ type }) => type === 'GPU');
  if (gpu !== undefined) return { kind: 'gpu', name: gpu.name };
  session.close();
  throw new UserError({
    code: 'gpu-not-used',
    message: 'TensorFlow was to compute on a GPU and finds none that it can use.',
    advice: 'lstm-gan doctor tells why; CUDA_VISIBLE_DEVICES must name a GPU that is there. --device cpu computes without one.',
  });
}
