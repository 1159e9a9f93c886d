import { normalNoise } from '@lstm-gan/core';
import { encodeGraphDef } from '../graph/emit/graph-def.ts';
import { placeholderNode, type Attribute, type GraphNode, type ValueSpec } from '../graph/graph.ts';
import { openSession } from '../tensorflow/runtime/session.ts';
import { provisionedTensorFlow } from './provisioned-tensorflow.ts';

export const float = (...shape: number[]): ValueSpec => ({ dtype: 'float32', shape });

/** Normally distributed numbers. A key always gives the same numbers. */
export const numbers = (key: number, size: number): Float32Array => normalNoise([key, 2], size);

/** Whole numbers from -5 to 5. Sums of their products are exact in any order. */
export const wholeNumbers = (size: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => ((i * 7) % 11) - 5);

export interface Feed {
  readonly spec: ValueSpec;
  readonly data: Float32Array | Int32Array;
}

/** Runs one operation in a session of its own; returns its float32 outputs. */
export async function runOperation(
  op: string,
  inputs: Readonly<Record<string, Feed>>,
  attributes: Readonly<Record<string, Attribute>>,
  outputs: readonly ValueSpec[],
  threads = 1,
): Promise<Float32Array[]> {
  const provisioned = await provisionedTensorFlow();
  const placeholders = Object.entries(inputs).map(([name, { spec }]) => placeholderNode(name, spec));
  const node: GraphNode = {
    name: 'own',
    op,
    attributes,
    inputs: placeholders.map(({ name }) => ({ node: name, output: 0 })),
    outputs,
  };
  const nodes = [...placeholders, node];
  const graph = {
    nodes,
    inputs: Object.fromEntries(placeholders.map(({ name }) => [name, { node: name, output: 0 }])),
    outputs: {},
  };
  const session = openSession(provisioned, threads);
  const fetches = outputs.flatMap(({ dtype }, output) => (dtype === 'float32' ? [`own:${output}`] : []));
  try {
    return await session.load(encodeGraphDef(graph)).run(
      Object.entries(inputs).map(([name, { data }]) => ({ name, data })),
      fetches,
    );
  } finally {
    session.close();
  }
}
