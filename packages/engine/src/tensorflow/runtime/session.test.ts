/**
 * Sessions and runs (session.ts, native/session): any order of calls is answered by a result or an error, and no memory
 * is lost.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeGraphDef } from '../../graph/emit/graph-def.ts';
import { constantNode, placeholderNode, type GraphNode, type ValueSpec } from '../../graph/graph.ts';
import { float } from '../../testing/run-operation.ts';
import { provisionedTensorFlow } from '../../testing/provisioned-tensorflow.ts';
import type { Provisioned } from '../provision/provision.ts';
import { loadAddon } from './addon.ts';
import { openSession, type Session } from './session.ts';

let provisioned: Provisioned;
beforeAll(async () => {
  provisioned = await provisionedTensorFlow();
});

const size = 500;
const type = { T: { kind: 'type', value: 'float32' } } as const;
const node = (
  name: string,
  op: string,
  inputs: string[],
  outputs: ValueSpec[],
  attributes: GraphNode['attributes'] = type,
): GraphNode => ({
  name,
  op,
  attributes,
  inputs: inputs.map((input) => ({ node: input, output: 0 })),
  outputs,
});
/** square = x times x: a matrix product that takes a few milliseconds. */
const graphDef = encodeGraphDef({
  nodes: [placeholderNode('x', float(size, size)), node('square', 'MatMul', ['x', 'x'], [float(size, size)])],
  inputs: {},
  outputs: {},
});
const x = new Float32Array(size * size).fill(0.5);
const feeds = [{ name: 'x', data: x }];
const open = (): Session => openSession(provisioned, 1);

describe('a session', () => {
  it('finishes its runs if it is closed during them, also twice', async () => {
    for (let round = 0; round < 20; round++) {
      const session = open();
      const graph = session.load(graphDef);
      const runs = [1, 2, 3].map(() => graph.run(feeds, ['square']));
      session.close();
      session.close();
      for (const [square] of await Promise.all(runs)) expect(square[0]).toBe(size / 4);
    }
  });

  it('refuses runs, graphs and questions when it is closed', async () => {
    const session = open();
    const graph = session.load(graphDef);
    const { kept } = await graph.begin(feeds, [], ['square']);
    session.close();
    await expect(graph.run(feeds, ['square'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(() => session.load(graphDef)).toThrow('open session');
    expect(() => session.devices()).toThrow('open session');
    graph.discard(kept);
    graph.discard(kept);
  });

  it('rejects a run that needs too much memory, and works afterwards', async () => {
    const session = open();
    const huge: readonly number[] = [2 ** 22, 2 ** 23];
    const dims = constantNode('dims', {
      dtype: 'int32',
      shape: [2],
      bytes: new Uint8Array(Int32Array.from(huge).buffer),
    });
    const value = placeholderNode('value', float());
    // 128 TiB: more than a process can address.
    const fill = node('filled', 'Fill', ['dims', 'value'], [{ dtype: 'float32', shape: huge }], {
      ...type,
      index_type: { kind: 'type', value: 'int32' },
    });
    const graph = session.load(encodeGraphDef({ nodes: [dims, value, fill], inputs: {}, outputs: {} }));
    await expect(graph.run([{ name: 'value', data: Float32Array.of(1) }], ['filled'])).rejects.toMatchObject({
      code: 'ERR_MEMORY',
    });
    expect((await session.load(graphDef).run(feeds, ['square']))[0][0]).toBe(size / 4);
    session.close();
  });

  it('keeps the names of its graphs apart', async () => {
    const session = open();
    const [one, other] = ['Neg', 'Square'].map((op) =>
      session.load(
        encodeGraphDef({
          nodes: [placeholderNode('x', float(2)), node('y', op, ['x'], [float(2)])],
          inputs: {},
          outputs: {},
        }),
      ),
    );
    const run = async (graph: typeof one) => graph.run([{ name: 'x', data: Float32Array.of(3, 4) }], ['y']);
    expect([await run(one), await run(other)]).toEqual([[Float32Array.of(-3, -4)], [Float32Array.of(9, 16)]]);
    session.close();
  });

  it.each<[string, (session: Session) => unknown, string]>([
    ['no GraphDef', (session) => session.load(new Uint8Array([1, 2, 3])), 'Invalid GraphDef'],
    [
      'an unknown operation',
      (session) =>
        session.load(encodeGraphDef({ nodes: [node('y', 'NoSuchOperation', [], [])], inputs: {}, outputs: {} })),
      'NoSuchOperation',
    ],
    ['a fetch of an unknown name', (session) => session.load(graphDef).run(feeds, ['cube']), 'no value graph0/cube'],
    ['nothing to fetch', (session) => session.load(graphDef).run(feeds, []), 'lists of names to fetch'],
    [
      'a feed of another type',
      (session) => session.load(graphDef).run([{ name: 'x', data: new Int32Array(size * size) }], ['square']),
      'another type',
    ],
    [
      'a feed of another length',
      (session) => session.load(graphDef).run([{ name: 'x', data: x.subarray(1) }], ['square']),
      'its shape needs 1000000',
    ],
  ])('refuses %s', async (_what, use, sentence) => {
    const session = open();
    await expect((async () => use(session))()).rejects.toThrow(sentence);
    session.close();
  });

  it('refuses a handle that is no session', () => {
    const addon = loadAddon(provisioned);
    for (const handle of [undefined, {}, 7]) {
      expect(() => addon.close(handle)).toThrow('takes a session');
      expect(() => addon.load(handle, graphDef, 'graph')).toThrow('open session');
      expect(() => addon.run(handle, [], ['y'])).toThrow('takes a session');
    }
  });

  it('does not grow over 10,000 runs', async () => {
    const session = open();
    const graph = session.load(
      encodeGraphDef({
        nodes: [placeholderNode('x', float(size, size)), node('y', 'Neg', ['x'], [float(size, size)])],
        inputs: {},
        outputs: {},
      }),
    );
    const { release } = loadAddon(provisioned);
    const runMany = async (count: number): Promise<number> => {
      for (let run = 0; run < count; run++) {
        const [y] = await graph.run(feeds, ['y']);
        release(y);
        if (run % 10 === 0) graph.discard((await graph.begin(feeds, [], ['y'])).kept);
      }
      return process.memoryUsage().rss;
    };
    const before = await runMany(1000);
    const after = await runMany(9000);
    // Between the two measurements, about 10 GB were fed, and about 9 GB were fetched.
    expect(after - before).toBeLessThan(32e6);
    session.close();
  });
});
