/** Decides whether a worker may join. This is checked once, at the handshake; later code does not check again. */
import { protocolVersion, type Hello, type Ready, type RejectReason } from '@lstm-gan/transport';
import type { CoordinatorState } from './state.ts';

/** Why a worker may not take part. */
export interface Refusal {
  readonly reason: RejectReason;
  readonly sentence: string;
}

/** Why a worker that says hello is refused. Undefined if the worker is welcome. */
export function refuseHello(
  { members, plan }: CoordinatorState,
  { protocol, worker, model }: Hello,
): Refusal | undefined {
  if (protocol !== protocolVersion) {
    return {
      reason: 'protocol-version',
      sentence: `Worker ${worker} speaks protocol ${protocol}; this coordinator speaks ${protocolVersion}. Install the same version of lstm-gan on both.`,
    };
  }
  if (members.some(({ name }) => name === worker)) {
    return {
      reason: 'name-taken',
      sentence: `A worker called ${worker} takes part already. Start this one with another --name.`,
    };
  }
  if (plan.modelSource !== undefined && model !== plan.modelSource) {
    const has = model === undefined ? 'no model file' : `a model file with SHA-256 ${model}`;
    return {
      reason: 'model-differs',
      sentence: `Worker ${worker} has ${has}; the networks of the run are defined by a file with SHA-256 ${plan.modelSource}. Start it with --model and an exact copy of the run's file.`,
    };
  }
  return undefined;
}

/** The units in which a worker computes other bits than the run. */
export function differingUnits({ probes }: CoordinatorState, ready: Ready): string[] {
  return Object.keys(probes ?? {}).filter((unit) => ready.probes[unit] !== probes?.[unit]);
}

/** Why a worker that is ready is refused. Undefined if the worker may join. */
export function refuseReady(state: CoordinatorState, worker: string, ready: Ready): Refusal | undefined {
  const { plan } = state;
  const { generator, discriminator } = ready.layouts;
  if (generator !== plan.layouts.generator || discriminator !== plan.layouts.discriminator) {
    return {
      reason: 'layout-differs',
      sentence: `Worker ${worker} lays the weights out differently. Install the same version of lstm-gan on both.`,
    };
  }
  if (ready.engine !== plan.engine) {
    return {
      reason: 'engine-differs',
      sentence: `Worker ${worker} computes with the engine ${ready.engine}; the run uses ${plan.engine}.`,
    };
  }
  if (!plan.isStrict) return undefined;
  if (plan.doThreadsDecideBits && state.threads !== undefined && ready.threads !== state.threads) {
    return {
      reason: 'engine-differs',
      sentence: `Worker ${worker} computes with ${ready.threads} threads; the run began with ${state.threads}, and without our own operations the bits depend on them. Start it with --threads ${state.threads}.`,
    };
  }
  const different = differingUnits(state, ready);
  if (different.length === 0) return undefined;
  const advice = plan.doThreadsDecideBits
    ? 'Use machines of one kind with the same environment'
    : 'Use only processors that have AVX2 and FMA, or only GPUs of one kind';
  return {
    reason: 'probe-differs',
    sentence: `Worker ${worker} (${ready.device}, TensorFlow ${ready.tensorflow}) computes other bits than the run in ${different.join(', ')}; the weights would depend on who takes part. ${advice}, or start the coordinator with --no-strict.`,
  };
}
