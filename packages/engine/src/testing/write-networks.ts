/** Networks for tests: the same small network in each of the three forms that are read. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { constantNode, type Graph, type GraphNode } from '../graph/graph.ts';
import { encodeGraphDef } from '../graph/emit/graph-def.ts';
import { concatBytes, messageField, textField, varintField } from '../tensorflow/wire-format.ts';

const mean = (input: string, axes: string, outputs: GraphNode['outputs']): GraphNode => ({
  name: 'mean',
  op: 'Mean',
  attributes: {
    T: { kind: 'type', value: 'float32' },
    Tidx: { kind: 'type', value: 'int32' },
    keep_dims: { kind: 'bool', value: false },
  },
  inputs: [input, axes].map((node) => ({ node, output: 0 })),
  outputs,
});

/** Writes a SavedModel whose output is the mean of each channel: images [any, size, size, 3] -> [any, 3]. */
export async function writeSavedModel(folder: string, size = -1, channels = 3): Promise<void> {
  const shape = [-1, size, size, channels];
  const outputs = [{ dtype: 'float32', shape: [-1, channels] }] as const;
  const axes = { dtype: 'int32', shape: [2], bytes: new Uint8Array(Int32Array.of(1, 2).buffer) } as const;
  const graph: Graph = {
    nodes: [
      {
        name: 'x',
        op: 'Placeholder',
        attributes: { dtype: { kind: 'type', value: 'float32' }, shape: { kind: 'shape', value: shape } },
        inputs: [],
        outputs: [{ dtype: 'float32', shape }],
      },
      constantNode('axes', axes),
      mean('x', 'axes', outputs),
    ],
    inputs: {},
    outputs: {},
  };
  const tensorInfo = (name: string, lengths: readonly number[]): Uint8Array =>
    concatBytes([
      textField(1, `${name}:0`),
      varintField(2, 1),
      messageField(3, concatBytes(lengths.map((length) => messageField(2, varintField(1, length))))),
    ]);
  const entry = (field: number, key: string, value: Uint8Array): Uint8Array =>
    messageField(field, concatBytes([textField(1, key), messageField(2, value)]));
  const signature = concatBytes([
    entry(1, 'images', tensorInfo('x', shape)),
    entry(2, 'features', tensorInfo('mean', [-1, channels])),
    textField(3, 'tensorflow/serving/predict'),
  ]);
  const metaGraph = concatBytes([
    messageField(1, textField(4, 'serve')),
    messageField(2, encodeGraphDef(graph)),
    entry(5, 'serving_default', signature),
  ]);
  await mkdir(folder, { recursive: true });
  const bytes = concatBytes([varintField(1, 1), messageField(2, metaGraph)]);
  await writeFile(path.join(folder, 'saved_model.pb'), bytes);
}

/** Writes a graph model of tfjs that computes the same as the SavedModel. */
export async function writeGraphModel(folder: string): Promise<void> {
  const dims = ['-1', '4', '4', '3'].map((length) => ({ size: length }));
  const float = { type: 'DT_FLOAT' };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim: dims } } } },
    {
      name: 'axes',
      op: 'Const',
      attr: {
        dtype: { type: 'DT_INT32' },
        value: { tensor: { dtype: 'DT_INT32', tensorShape: { dim: [{ size: '2' }] } } },
      },
    },
    {
      name: 'mean',
      op: 'Mean',
      input: ['x', 'axes'],
      attr: { T: float, Tidx: { type: 'DT_INT32' }, keep_dims: { b: false } },
    },
  ];
  await writeTfjs(folder, {
    format: 'graph-model',
    modelTopology: { node, versions: { producer: 27 } },
    weightsManifest: [{ paths: ['weights.bin'], weights: [{ name: 'axes', shape: [2], dtype: 'int32' }] }],
    weights: new Uint8Array(Int32Array.of(1, 2).buffer),
  });
}

/**
 * Writes a layers model of tfjs: the mean of each channel of images [any, 4, 4, 3], times `factor`, in a dense layer of
 * 3 units.
 */
export async function writeLayersModel(folder: string, factor: number): Promise<void> {
  const input = {
    class_name: 'InputLayer',
    config: { name: 'x', batch_input_shape: [null, 4, 4, 3], dtype: 'float32' },
  };
  const pool = { class_name: 'GlobalAveragePooling2D', config: { name: 'pool', data_format: 'channels_last' } };
  const dense = { class_name: 'Dense', config: { name: 'dense', units: 3, use_bias: false, activation: 'linear' } };
  const model = { class_name: 'Sequential', config: { name: 'means', layers: [input, pool, dense] } };
  const kernel = Float32Array.of(factor, 0, 0, 0, factor, 0, 0, 0, factor);
  await writeTfjs(folder, {
    format: 'layers-model',
    modelTopology: { keras_version: '2.15.0', backend: 'tensorflow', model_config: model },
    weightsManifest: [{ paths: ['weights.bin'], weights: [{ name: 'dense/kernel', shape: [3, 3], dtype: 'float32' }] }],
    weights: new Uint8Array(kernel.buffer),
  });
}

interface TfjsFiles {
  readonly format: string;
  readonly modelTopology: object;
  readonly weightsManifest: object;
  readonly weights: Uint8Array;
}

async function writeTfjs(folder: string, { weights, ...json }: TfjsFiles): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(json));
  await writeFile(path.join(folder, 'weights.bin'), weights);
}
