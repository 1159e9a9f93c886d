/**
 * Tracing: runs a unit once, and returns the graph of the operations that it executed. The unit is plain tfjs code,
 * which does not know that it is recorded. It runs on zeros, because only shapes and types matter.
 */
import { tidy, type Tensor } from '@tensorflow/tfjs-core';
import type { ArraySpec, Unit } from '@lstm-gan/core';
import { assert, UserError } from '@lstm-gan/core/errors';
import type { EngineOptions } from '../../contract/engine.ts';
import { stockBackend, type NodeBackend } from '../../tensorflow/runtime/tfjs-node-binding.ts';
import { dataTypeNumbers, sameShape, type Graph, type ValueRef } from '../graph.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { withTraceBackend } from './trace-backend.ts';

/**
 * The graph of a unit for a device. Throws a UserError if the unit does something that a graph cannot represent.
 * tfjs-node's backend must have been loaded.
 */
export function traceUnit(unit: Unit, device: EngineOptions['device']): Graph {
  const recorder = createRecorder(stockBackend().binding);
  try {
    return withTraceBackend(recorder.binding, device, (backend) =>
      withoutJavaScriptRandomness(unit.name, () => record(unit, backend, recorder)),
    );
  } catch (error) {
    throw explainUnknownOperation(unit.name, error);
  }
}

function record(unit: Unit, backend: NodeBackend, recorder: Recorder): Graph {
  const outputs: Record<string, ValueRef> = {};
  const inputs: Record<string, ValueRef> = {};
  tidy(() => {
    const tensors: Record<string, Tensor> = {};
    for (const [name, spec] of Object.entries(unit.inputs)) {
      const id = recorder.placeholder(name, spec);
      inputs[name] = recorder.refOf(id);
      tensors[name] = backend.createOutputTensor(asFloats(recorder, id, spec));
    }
    const results = unit.run(tensors);
    for (const [name, spec] of Object.entries(unit.outputs)) {
      const result = results[name];
      assert(result !== undefined, `unit ${unit.name} returns no ${name}`);
      checkOutput(unit.name, name, spec, result);
      outputs[name] = recorder.refOf(materialize(backend, result));
    }
  });
  return { nodes: recorder.nodes, inputs, outputs };
}

/**
 * The tensor that the unit gets for an input. For a uint8 input the tensor is float32: the graph casts the placeholder.
 */
function asFloats({ binding }: Recorder, id: number, spec: ArraySpec) {
  if (spec.dtype !== 'uint8') return { id, shape: [...spec.shape], dtype: dataTypeNumbers[spec.dtype] };
  const attributes = [
    { name: 'SrcT', type: binding.TF_ATTR_TYPE, value: dataTypeNumbers.uint8 },
    { name: 'DstT', type: binding.TF_ATTR_TYPE, value: dataTypeNumbers.float32 },
    { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false },
  ];
  const [cast] = binding.executeOp('Cast', attributes, [id], 1);
  assert(cast !== undefined, 'Cast has one output');
  return cast;
}

/**
 * The id of a tensor in the binding. A tensor whose values are still in JavaScript first becomes a constant of the
 * graph.
 */
function materialize(backend: NodeBackend, tensor: Tensor): number {
  const [id] = backend.getInputTensorIds([tensor]);
  assert(id !== undefined, 'a tensor has an id');
  return id;
}

function checkOutput(unit: string, name: string, spec: ArraySpec, result: Tensor): void {
  if (sameShape(result.shape, spec.shape) && result.dtype === spec.dtype) return;
  throw new UserError({
    code: 'output-differs-from-spec',
    message: `Unit ${unit} returns ${name} as ${result.dtype} [${result.shape.join(', ')}]; it declares ${spec.dtype} [${spec.shape.join(', ')}].`,
    advice: "Make the unit's outputs and its run function agree.",
  });
}

function withoutJavaScriptRandomness<T>(unit: string, body: () => T): T {
  const random = Math.random;
  Math.random = () => {
    throw new UserError({
      code: 'random-while-tracing',
      message: `Unit ${unit} draws random numbers in JavaScript while it is being traced; they would become constants of the graph.`,
      advice: 'Feed noise as an input, or draw it from the streams of @lstm-gan/core keyed by a seed that is an input.',
    });
  };
  try {
    return body();
  } finally {
    Math.random = random;
  }
}

function explainUnknownOperation(unit: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  const missing = /Kernel '([^']+)' not registered|Op type not registered '([^']+)'/.exec(error.message);
  if (missing === null) return error;
  return new UserError({
    code: 'unknown-operation',
    message: `Unit ${unit} uses ${missing[1] ?? missing[2]}, which TensorFlow has no operation for.`,
    advice: 'Write it with operations of tfjs that run on tfjs-node, register a kernel for it, or try --engine eager.',
    cause: error,
  });
}
