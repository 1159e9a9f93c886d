/**
 * The graph engine: a unit is traced once into a TensorFlow graph, kept on disk, and from then on runs as one native call
 * on a thread of its own. With a cached graph tfjs-node is not even loaded.
 */
import { createHash } from 'node:crypto';
import { checkArrays, type ArraySpec, type Unit, type UnitArray } from '@lstm-gan/core';
import { closedError } from './closed-error.ts';
import type { CompiledUnit, Engine, EngineDescription, EngineOptions } from './engine.ts';
import { codeDigest } from './graph/code-digest.ts';
import { graphKey, readGraph, writeGraph } from './graph/graph-cache.ts';
import { encodeGraphDef } from './graph/graph-def.ts';
import { lowerGraph } from './graph/lower.ts';
import { outputName, withOutputNames } from './graph/output-names.ts';
import { traceUnit } from './graph/trace.ts';
import { libraryVersion, openSession, type Session } from './tensorflow/session.ts';
import { loadStockBackend } from './tensorflow/stock-backend.ts';
import type { Provisioned } from './tensorflow/provision.ts';

/** Opens the graph engine on provisioned TensorFlow. */
export async function openGraphEngine(provisioned: Provisioned, options: EngineOptions): Promise<Engine> {
  const tensorflow = libraryVersion(provisioned);
  const code = await codeDigest();
  const open: { session: Session; runs: Set<Promise<unknown>> }[] = [];
  let closed = false;
  let liveRuns = 0;
  const device = describeDevice(provisioned, options);

  const graphDefOf = async (unit: Unit): Promise<Uint8Array> => {
    const key = graphKey({ unit, tensorflow, code });
    const cached = await readGraph(options.cacheDir, key);
    if (cached !== undefined) return cached;
    await loadStockBackend(provisioned, options.threads);
    const graphDef = encodeGraphDef(withOutputNames(lowerGraph(traceUnit(unit))));
    await writeGraph(options.cacheDir, key, graphDef);
    return graphDef;
  };

  const compile = async (unit: Unit): Promise<CompiledUnit> => {
    if (closed) throw closedError('The graph engine');
    const graphDef = await graphDefOf(unit);
    const entry = { session: openSession(provisioned, graphDef, options.threads), runs: new Set<Promise<unknown>>() };
    open.push(entry);
    const names = Object.keys(unit.outputs);
    const fetches = names.map(outputName);
    return {
      inputs: unit.inputs,
      outputs: unit.outputs,
      graphHash: createHash('sha256').update(graphDef).digest('hex'),
      async run(inputs) {
        if (closed) throw closedError(`Unit ${unit.name}`);
        checkArrays(unit.name, unit.inputs, inputs);
        const running = entry.session.run(feedsOf(unit.inputs, inputs), fetches);
        entry.runs.add(running);
        liveRuns += 1;
        try {
          const values = await running;
          return Object.fromEntries(names.map((name, index) => [name, values[index]]));
        } finally {
          liveRuns -= 1;
          entry.runs.delete(running);
        }
      },
    };
  };

  return {
    name: 'graph',
    compile: compile as Engine['compile'],
    describe: () => ({ engine: 'graph', tensorflow, device, threads: options.threads }),
    liveTensorCount: () => liveRuns,
    async close() {
      closed = true;
      for (const { session, runs } of open.splice(0)) {
        await Promise.allSettled(runs);
        session.close();
      }
    },
  };
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
