/**
 * The graph engine: a unit is traced once into a TensorFlow graph, kept on disk, and from then on runs as one native call
 * on a thread of its own. With a cached graph tfjs-node is not even loaded.
 */
import { createHash } from 'node:crypto';
import { checkArrays, type ArraySpec, type Unit, type UnitArray, type VectorArithmetic } from '@lstm-gan/core';
import { closedError } from './closed-error.ts';
import type { CompiledUnit, Engine, EngineDescription, EngineOptions } from './engine.ts';
import { codeDigest } from './graph/code-digest.ts';
import { graphKey, readGraph, writeGraph } from './graph/graph-cache.ts';
import { encodeGraphDef } from './graph/graph-def.ts';
import { lowerGraph } from './graph/lower.ts';
import { outputName, withOutputNames } from './graph/output-names.ts';
import { traceUnit } from './graph/trace.ts';
import { loadNativeArithmetic } from './tensorflow/native-arithmetic.ts';
import { libraryVersion, openSession, type Session } from './tensorflow/session.ts';
import { loadStockBackend } from './tensorflow/stock-backend.ts';
import type { Provisioned } from './tensorflow/provision.ts';

/** Opens the graph engine on provisioned TensorFlow. */
export async function openGraphEngine(provisioned: Provisioned, options: EngineOptions): Promise<Engine> {
  return new GraphEngine(provisioned, options, await codeDigest());
}

class GraphEngine implements Engine {
  readonly name = 'graph';
  readonly arithmetic: VectorArithmetic;
  readonly #provisioned: Provisioned;
  readonly #options: EngineOptions;
  readonly #code: string;
  readonly #description: EngineDescription;
  readonly #sessions: Session[] = [];
  readonly #runs = new Set<Promise<unknown>>();
  #closed = false;

  constructor(provisioned: Provisioned, options: EngineOptions, code: string) {
    this.#provisioned = provisioned;
    this.#options = options;
    this.#code = code;
    this.arithmetic = loadNativeArithmetic(provisioned, options.threads);
    const device = describeDevice(provisioned, options);
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
    const graphDef = await this.#graphDefOf(unit);
    const session = openSession(this.#provisioned, graphDef, this.#options.threads);
    this.#sessions.push(session);
    const names = Object.keys(unit.outputs) as O[];
    const fetches = names.map(outputName);
    return {
      inputs: unit.inputs,
      outputs: unit.outputs,
      graphHash: createHash('sha256').update(graphDef).digest('hex'),
      run: async (inputs) => {
        if (this.#closed) throw closedError(`Unit ${unit.name}`);
        checkArrays(unit.name, unit.inputs, inputs);
        const running = session.run(feedsOf(unit.inputs, inputs), fetches);
        this.#runs.add(running);
        const values = await running.finally(() => this.#runs.delete(running));
        return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Record<O, Float32Array>;
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#runs);
    for (const session of this.#sessions.splice(0)) session.close();
  }

  /** From the cache, or traced now. */
  async #graphDefOf<I extends string, O extends string>(unit: Unit<I, O>): Promise<Uint8Array> {
    const { cacheDir, threads } = this.#options;
    const key = graphKey({ unit: unit as Unit, tensorflow: this.#description.tensorflow, code: this.#code });
    const cached = await readGraph(cacheDir, key);
    if (cached !== undefined) return cached;
    await loadStockBackend(this.#provisioned, threads);
    const graphDef = encodeGraphDef(withOutputNames(lowerGraph(traceUnit(unit as Unit))));
    await writeGraph(cacheDir, key, graphDef);
    return graphDef;
  }
}

function feedsOf(specs: Readonly<Record<string, ArraySpec>>, inputs: Readonly<Record<string, UnitArray>>) {
  return Object.entries(specs).map(([name, { shape }]) => ({ name, shape, data: inputs[name] }));
}

function describeDevice(provisioned: Provisioned, { device, threads }: EngineOptions): EngineDescription['device'] {
  if (device === 'cpu') return { kind: 'cpu', name: 'CPU' };
  const empty = openSession(provisioned, encodeGraphDef({ nodes: [], inputs: {}, outputs: {} }), threads);
  try {
    const gpu = empty.devices().find(({ type }) => type === 'GPU');
    return gpu === undefined ? { kind: 'cpu', name: 'CPU' } : { kind: 'gpu', name: gpu.name };
  } finally {
    empty.close();
  }
}
