/**
 * Kernels for operations that tfjs composes of several, TensorFlow's own and those of our addon: registered for the tracing
 * backend under the names that core's formulas ask for, each with its gradient.
 */
import {
  broadcastTo,
  engine,
  registerGradient,
  zerosLike,
  type GradConfig,
  type KernelFunc,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { NativeKernelName } from '@lstm-gan/core';
import type { TfeAttribute } from './binding.ts';
import type { NodeBackend } from './trace-backend.ts';
import { dataTypeNumbers } from './graph.ts';

type GradientKernelName =
  'BiasAddGradNative' | 'LeakyReluGradNative' | 'FusedBatchNormGradNative' | 'DropoutGradNative';

type Binding = NodeBackend['binding'];
type Inputs = Readonly<Record<string, TensorInfo>>;
type Attributes = Readonly<Record<string, number | number[]>>;

/** A kernel that runs on tfjs-node's backend. */
function kernel(
  body: (inputs: Inputs, backend: NodeBackend, attributes: Attributes) => TensorInfo | TensorInfo[],
): KernelFunc {
  return ({ inputs, backend, attrs }) => body(inputs as Inputs, backend as NodeBackend, (attrs ?? {}) as Attributes);
}

function execute(
  backend: NodeBackend,
  op: string,
  inputs: TensorInfo[],
  attributes: readonly TfeAttribute[],
  outputCount = 1,
): TensorInfo[] {
  const ids = backend.getInputTensorIds(inputs);
  const results = backend.binding.executeOp(op, [...attributes], ids, outputCount);
  return results.map((result) => backend.createOutputTensor(result));
}

const floatType = (binding: Binding, name = 'T'): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value: dataTypeNumbers.float32,
});
const intType = (binding: Binding, name: string): TfeAttribute => ({
  ...floatType(binding, name),
  value: dataTypeNumbers.int32,
});
const channelsLast = (binding: Binding): TfeAttribute => ({
  name: 'data_format',
  type: binding.TF_ATTR_STRING,
  value: 'NHWC',
});
const floatAttribute = (binding: Binding, name: string, value: unknown): TfeAttribute => ({
  name,
  type: binding.TF_ATTR_FLOAT,
  value,
});

function constant(backend: NodeBackend, values: Float32Array | Int32Array, shape: number[]): TensorInfo {
  const dtype = values instanceof Float32Array ? dataTypeNumbers.float32 : dataTypeNumbers.int32;
  return backend.createOutputTensor({ id: backend.binding.createTensor(shape, dtype, values), shape, dtype });
}

const biasAdd = kernel(({ value, bias }, backend) =>
  execute(backend, 'BiasAdd', [value, bias], [floatType(backend.binding), channelsLast(backend.binding)]),
);

const biasAddGrad = kernel(({ dy }, backend) =>
  execute(backend, 'BiasAddGrad', [dy], [floatType(backend.binding), channelsLast(backend.binding)]),
);

const leakyRelu = kernel(({ features }, backend, { alpha }) =>
  execute(
    backend,
    'LeakyRelu',
    [features],
    [floatType(backend.binding), floatAttribute(backend.binding, 'alpha', alpha)],
  ),
);

const leakyReluGrad = kernel(({ dy, features }, backend, { alpha }) =>
  execute(
    backend,
    'LeakyReluGrad',
    [dy, features],
    [floatType(backend.binding), floatAttribute(backend.binding, 'alpha', alpha)],
  ),
);

function batchNormAttributes(binding: Binding, epsilon: unknown): TfeAttribute[] {
  return [
    floatType(binding),
    floatType(binding, 'U'),
    floatAttribute(binding, 'epsilon', epsilon),
    channelsLast(binding),
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ];
}

/** y, mean, biased variance, and the three reserved values that the gradient reads. */
const fusedBatchNorm = kernel(({ x, scale, offset }, backend, { epsilon }) => {
  const { binding } = backend;
  const none = constant(backend, new Float32Array(0), [0]);
  const attributes = [...batchNormAttributes(binding, epsilon), floatAttribute(binding, 'exponential_avg_factor', 1)];
  const [y, mean, unbiased, ...reserved] = execute(
    backend,
    'FusedBatchNormV3',
    [x, scale, offset, none, none],
    attributes,
    6,
  );
  // TensorFlow's batch_variance is the unbiased one.
  const count = x.shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const toBiased = constant(backend, Float32Array.of((count - 1) / count), []);
  return [y, mean, ...execute(backend, 'Mul', [unbiased, toBiased], [floatType(binding)]), ...reserved];
});

const fusedBatchNormGrad = kernel(({ dy, x, scale, space1, space2, space3 }, backend, { epsilon }) => {
  const inputs = [dy, x, scale, space1, space2, space3];
  return execute(backend, 'FusedBatchNormGradV3', inputs, batchNormAttributes(backend.binding, epsilon), 5).slice(0, 3);
});

const dropoutAttributes = (binding: Binding, { rate, scale }: Attributes): TfeAttribute[] => [
  floatAttribute(binding, 'rate', rate),
  floatAttribute(binding, 'scale', scale),
];

/** The result, and the mask that its gradient reads. */
const dropout = kernel(({ features, seed }, backend, attributes) =>
  execute(backend, 'LstmGanDropout', [features, seed], dropoutAttributes(backend.binding, attributes), 2),
);

const dropoutGrad = kernel(({ dy, kept }, backend, attributes) =>
  execute(backend, 'LstmGanDropoutGrad', [dy, kept], dropoutAttributes(backend.binding, attributes)),
);

const lstmCell = kernel(({ z, bias, cell }, backend) => execute(backend, 'LstmGanLstmCell', [z, bias, cell], [], 4));

const lstmCellGrad = kernel(({ dHidden, dCell, gates, before, tanhCell }, backend) =>
  execute(backend, 'LstmGanLstmCellGrad', [dHidden, dCell, gates, before, tanhCell], [], 2),
);

/** What the kernel of our own takes: rows that fit its registers, and a matrix that is cut without a rest. */
const fitsThinProduct = (rows: number, matrix: readonly number[]): boolean =>
  rows <= 16 && matrix.every((length) => length % 32 === 0);

const matMul = (backend: NodeBackend, a: TensorInfo, b: TensorInfo, transposeB: boolean): TensorInfo[] => {
  const { binding } = backend;
  const flags = Object.entries({ transpose_a: false, transpose_b: transposeB }).map(([name, value]): TfeAttribute => ({
    name,
    type: binding.TF_ATTR_BOOL,
    value,
  }));
  return execute(backend, 'MatMul', [a, b], [floatType(binding), ...flags]);
};

const thinProduct = kernel(({ rows, matrix }, backend, { transposed }) => {
  const { binding } = backend;
  if (fitsThinProduct(rows.shape[0], matrix.shape)) {
    return execute(
      backend,
      'LstmGanThinProduct',
      [rows, matrix],
      [{ name: 'transposed', type: binding.TF_ATTR_BOOL, value: transposed === 1 }],
    );
  }
  if (transposed === 0) return matMul(backend, rows, matrix, false);
  const swap = constant(backend, Int32Array.of(1, 0), [2]);
  return execute(
    backend,
    'Transpose',
    [...matMul(backend, matrix, rows, true), swap],
    [floatType(binding), intType(binding, 'Tperm')],
  );
});

const join = kernel((parts, backend) => {
  const inputs = Object.values(parts);
  return execute(backend, 'LstmGanJoin', inputs, [
    { name: 'N', type: backend.binding.TF_ATTR_INT, value: inputs.length },
  ]);
});

const stateless = (op: string): KernelFunc =>
  kernel(({ seed }, backend, { shape }) => {
    const { binding } = backend;
    const lengths = Int32Array.from(shape as number[]);
    const attributes = [floatType(binding, 'dtype'), intType(binding, 'T'), intType(binding, 'Tseed')];
    return execute(backend, op, [constant(backend, lengths, [lengths.length]), seed], attributes);
  });

type OwnKernelName =
  'DropoutNative' | 'DropoutGradNative' | 'LstmCellNative' | 'LstmCellGradNative' | 'JoinNative' | 'ThinProductNative';

/** Of the addon, and for the CPU alone; on a GPU the composition runs, of kernels that are there. */
export const ownKernels: Readonly<Record<OwnKernelName, KernelFunc>> = {
  DropoutNative: dropout,
  DropoutGradNative: dropoutGrad,
  LstmCellNative: lstmCell,
  LstmCellGradNative: lstmCellGrad,
  JoinNative: join,
  ThinProductNative: thinProduct,
};

/** TensorFlow's. */
export const nativeKernels: Readonly<
  Record<Exclude<NativeKernelName | GradientKernelName, OwnKernelName>, KernelFunc>
> = {
  BiasAddNative: biasAdd,
  BiasAddGradNative: biasAddGrad,
  LeakyReluNative: leakyRelu,
  LeakyReluGradNative: leakyReluGrad,
  FusedBatchNormNative: fusedBatchNorm,
  FusedBatchNormGradNative: fusedBatchNormGrad,
  StatelessUniformNative: stateless('StatelessRandomUniform'),
  StatelessNormalNative: stateless('StatelessRandomNormal'),
};

function run(
  kernel: GradientKernelName,
  inputs: Record<string, Tensor>,
  attributes: Record<string, number> = {},
): Tensor[] {
  const outputs = engine().runKernel(kernel, inputs, attributes) as unknown as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

const gradients: readonly GradConfig[] = [
  {
    kernelName: 'BiasAddNative',
    gradFunc: (dy) => ({ value: () => dy as Tensor, bias: () => run('BiasAddGradNative', { dy: dy as Tensor })[0] }),
  },
  {
    // Linear in dy: the gradient of the gradient is the same operation, so exact R1 can be traced.
    kernelName: 'BiasAddGradNative',
    inputsToSave: ['dy'],
    gradFunc: (ddy, [dy]) => ({ dy: () => broadcastTo(ddy as Tensor, dy.shape) }),
  },
  {
    // Fed with the output, which has the input's sign: reading the input would keep TensorFlow from fusing the
    // activation into the convolution.
    kernelName: 'LeakyReluNative',
    outputsToSave: [true],
    gradFunc: (dy, [features], attrs) => ({
      features: () => run('LeakyReluGradNative', { dy: dy as Tensor, features }, attrs as Record<string, number>)[0],
    }),
  },
  {
    kernelName: 'LeakyReluGradNative',
    inputsToSave: ['features'],
    gradFunc: (ddx, [features], attrs) => ({
      dy: () => run('LeakyReluGradNative', { dy: ddx as Tensor, features }, attrs as Record<string, number>)[0],
      // The slope depends on the sign of the features alone.
      features: () => zerosLike(features),
    }),
  },
  {
    kernelName: 'DropoutNative',
    outputsToSave: [false, true],
    gradFunc: (dys, [kept], attrs) => ({
      features: () => run('DropoutGradNative', { dy: (dys as Tensor[])[0], kept }, attrs as Record<string, number>)[0],
    }),
  },
  {
    // Linear in dy, as that of BiasAddGradNative.
    kernelName: 'DropoutGradNative',
    inputsToSave: ['kept'],
    gradFunc: (ddx, [kept], attrs) => ({
      dy: () => run('DropoutGradNative', { dy: ddx as Tensor, kept }, attrs as Record<string, number>)[0],
    }),
  },
  {
    kernelName: 'FusedBatchNormNative',
    inputsToSave: ['x', 'scale'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dys, [x, scale, space1, space2, space3], attrs) => {
      const [dy] = dys as Tensor[];
      // Three equal nodes, which lowering makes one: tfjs frees what a gradient leaves behind before the next one runs.
      const part = (index: number) => () =>
        run('FusedBatchNormGradNative', { dy, x, scale, space1, space2, space3 }, attrs as Record<string, number>)[
          index
        ];
      return { x: part(0), scale: part(1), offset: part(2) };
    },
  },
];

/** Tells tfjs the gradients of the native kernels; they are global, and their names are ours alone. */
export function registerNativeGradients(): void {
  for (const gradient of gradients) registerGradient(gradient);
}
