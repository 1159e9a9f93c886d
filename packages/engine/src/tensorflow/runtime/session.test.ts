/** The life of a session: whatever order things are called in, it answers in a sentence, and keeps nothing. */
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeGraphDef } from '../../graph/emit/graph-def.ts';
import { constantNode, placeholderNode, type GraphNode, type ValueSpec } from '../../graph/graph.ts';
import { float } from '../../testing/run-operation.ts';
import { provisionedCache } from '../../testing/provisioned-cache.ts';
import { locateTensorFlow, type Provisioned } from '../provision/provision.ts';
import { loadAddon } from './addon.ts';
import { openSession, type Session } from './session.ts';

let provisioned: Provisioned;
beforeAll(async () => {
  provisioned = (await locateTensorFlow(await provisionedCache(), 'cpu')) as Provisioned;
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
/** square = x x, a product that takes a few milliseconds; kept of it is a copy. */
const graphDef = encodeGraphDef({
  nodes: [placeholderNode('x', float(size, size)), node('square', 'MatMul', ['x', 'x'], [float(size, size)])],
  inputs: {},
  outputs: {},
});
const x = new Float32Array(size * size).fill(0.5);
const feeds = [{ name: 'x', data: x }];
const open = (): Session => openSession(provisioned, 1);

describe('a session', () => {
  it('ends its runs before it ends, closed as it may be in the middle of them, twice', async () => {
    for (let round = 0; round < 20; round++) {
      const session = open();
      const graph = session.load(graphDef);
      const runs = [1, 2, 3].map(() => graph.run(feeds, ['square']));
      session.close();
      session.close();
      for (const [square] of await Promise.all(runs)) expect(square[0]).toBe(size / 4);
    }
  });

  it('refuses to run or to load when it is closed, and still tells nothing of what it was', async () => {
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

  it('says so where memory is not to be had, and goes on', async () => {
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

  it('tells graphs of the same names apart', async () => {
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
      'an operation that there is not',
      (session) =>
        session.load(encodeGraphDef({ nodes: [node('y', 'NoSuchOperation', [], [])], inputs: {}, outputs: {} })),
      'NoSuchOperation',
    ],
    ['a fetch that there is not', (session) => session.load(graphDef).run(feeds, ['cube']), 'no value graph0/cube'],
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

  it('is not had by what is no session', () => {
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
    // Of 10 GB that went through it.
    expect(after - before).toBeLessThan(32e6);
    session.close();
  });
});
