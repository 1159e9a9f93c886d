import { describe, expect, it } from 'vitest';
import { encodeGraphDef } from './graph-def.ts';
import { valueName } from './value-name.ts';
import type { Graph } from '../graph.ts';
import { constantNode, placeholderNode } from '../graph.ts';
import { concatBytes, encodeVarint, messageField, textField, varintField } from '../../tensorflow/wire-format.ts';

describe('encodeVarint', () => {
  it('writes seven bits a byte, low ones first, and negatives as 64 bits', () => {
    expect([...encodeVarint(0)]).toEqual([0]);
    expect([...encodeVarint(300)]).toEqual([0xac, 0x02]);
    expect([...encodeVarint(-1)]).toEqual([255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
  });
});

describe('encodeGraphDef', () => {
  it('writes nodes, inputs, attributes and the producer version with the field numbers of TensorFlow', () => {
    const graph: Graph = {
      nodes: [placeholderNode('x', { dtype: 'float32', shape: [2] })],
      inputs: { x: { node: 'x', output: 0 } },
      outputs: { y: { node: 'x', output: 0 } },
    };
    const shape = messageField(7, messageField(2, varintField(1, 2)));
    const node = concatBytes([
      textField(1, 'x'),
      textField(2, 'Placeholder'),
      messageField(5, concatBytes([textField(1, 'dtype'), messageField(2, varintField(6, 1))])),
      messageField(5, concatBytes([textField(1, 'shape'), messageField(2, shape)])),
    ]);
    expect(encodeGraphDef(graph)).toEqual(concatBytes([messageField(1, node), messageField(4, varintField(1, 1882))]));
  });

  it('writes equal bytes for any order of the attributes', () => {
    const make = (names: string[]): Graph => ({
      nodes: [
        {
          name: 'n',
          op: 'NoOp',
          inputs: [],
          outputs: [],
          attributes: Object.fromEntries(names.map((name) => [name, { kind: 'int', value: 1 }])),
        },
      ],
      inputs: {},
      outputs: {},
    });
    expect(encodeGraphDef(make(['b', 'a']))).toEqual(encodeGraphDef(make(['a', 'b'])));
  });

  it('does not change the bytes of a constant', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const graph: Graph = { nodes: [constantNode('c', { dtype: 'int32', shape: [], bytes })], inputs: {}, outputs: {} };
    const tensor = concatBytes([varintField(1, 3), messageField(2, new Uint8Array()), messageField(4, bytes)]);
    expect(Buffer.from(encodeGraphDef(graph)).includes(Buffer.from(messageField(8, tensor)))).toBe(true);
  });
});

describe('valueName', () => {
  it('adds the number of the output, except for the first one', () => {
    expect([valueName({ node: 'a', output: 0 }), valueName({ node: 'a', output: 2 })]).toEqual(['a', 'a:2']);
  });
});
