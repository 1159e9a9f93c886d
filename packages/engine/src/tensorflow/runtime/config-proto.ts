import type { TensorFlowVariant } from '../provision/release.ts';
import { concatBytes, messageField, textField, varintField } from '../wire-format.ts';

/**
 * The bytes of TensorFlow's ConfigProto (config.proto) for a session. Its field numbers: intra_op_parallelism_threads
 * 2, inter_op_parallelism_threads 5, use_per_session_threads 9, graph_options 10 with rewrite_options 10 and in it
 * disable_meta_optimizer 19, experimental 16 with executor_type 3 and disable_thread_spinning 9.
 *
 * Threads do not spin while they wait: spinning threads took 5 % of a step from the other worker of the machine.
 *
 * On a CPU, operations run one after the other on the calling thread, and TensorFlow's graph optimizer is off: it took
 * 85 ms of a worker's start, and changed neither the bits nor the speed. On a GPU the optimizer is on, because it
 * chooses the memory layout of convolutions. There the executor must have several threads: a graph is split into a part
 * on the processor and a part on the GPU, and with one thread each part would wait for the other.
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
