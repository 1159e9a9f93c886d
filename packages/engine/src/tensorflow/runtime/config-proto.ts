import type { TensorFlowVariant } from '../provision/release.ts';
import { concatBytes, messageField, textField, varintField } from '../wire-format.ts';

/**
 * The bytes of TensorFlow's ConfigProto (config.proto) for a session. The field numbers are: in ConfigProto,
 * intra_op_parallelism_threads 2, inter_op_parallelism_threads 5, use_per_session_threads 9, graph_options 10 and
 * experimental 16; in graph_options, rewrite_options 10; in rewrite_options, disable_meta_optimizer 19; in
 * experimental, executor_type 3 and disable_thread_spinning 9.
 *
 * Threads do not spin while they wait. With two workers on a machine, the spinning threads of one worker took 5 % of a
 * step's time from the other worker.
 *
 * On a CPU, operations run one after the other on the calling thread, and TensorFlow's graph optimizer is off. The
 * optimizer took 85 ms of a worker's start, and changed neither the bits nor the speed. On a GPU the optimizer is on,
 * because it chooses the memory layout of convolutions. On a GPU the executor must have several threads: TensorFlow
 * splits a graph into a part on the processor and a part on the GPU, and with one thread each part would wait for the
 * other part.
 * @param threads threads inside an operation
 */
export function configProto(threads: number, variant: TensorFlowVariant): Uint8Array {
  const withoutOptimizer = messageField(10, messageField(10, varintField(19, 1)));
  const oneThread = textField(3, 'SINGLE_THREADED_EXECUTOR');
  const [optimizer, executor] = variant === 'cpu' ? [[withoutOptimizer], [oneThread]] : [[], []];
  const experimental = concatBytes([...executor, varintField(9, 1)]);
  return concatBytes([
    varintField(2, threads),
    varintField(5, 1),
    varintField(9, 1),
    ...optimizer,
    messageField(16, experimental),
  ]);
}
