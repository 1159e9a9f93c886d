import { computeSubtree } from '../compute/compute-subtree.ts';
import { startShard, type RealImages, type ShardTools } from '../compute/compute-shard.ts';
import { NotFiniteError } from '../compute/not-finite-error.ts';
import { UserError } from '../errors/user-error.ts';
import { firstPlaceOfStep, nextPlace, type Place } from '../step/place.ts';
import { applyUpdate } from '../training/apply-update.ts';
import { notFiniteAdvice } from '../training/not-finite-update.ts';
import { StepLosses, type MeanLosses } from '../training/step-losses.ts';
import type { TrainingState } from '../training/training-state.ts';
import type { Layout, Network } from '../weights/layout.ts';

/**
 * One step in this process: what the workers and the coordinator of a cluster do in a step, with the same functions.
 * The whole batch is one lease. Resolves to the state after the step; the state before stays as it was.
 */
export async function trainStep(
  tools: ShardTools,
  layouts: Readonly<Record<Network, Layout>>,
  before: TrainingState,
  images: RealImages,
): Promise<{ state: TrainingState; losses: MeanLosses }> {
  const { config, arithmetic } = tools;
  const shards = { start: 0, end: config.batchSize / config.shardSize };
  const losses = new StepLosses();
  let state = before;
  for (
    let place: Place = firstPlaceOfStep(before.step + 1);
    place.step === before.step + 1;
    place = nextPlace(place, config.discriminatorSteps)
  ) {
    const { phase, turn } = place;
    const at = place;
    const weights = { generator: state.generator.weights, discriminator: state.discriminator.weights };
    const start = (shard: number) => startShard(tools, phase, weights[phase], { ...at, shard }, images);
    const computed = await computeSubtree(shards, weights, images, start, arithmetic).catch((error: unknown) => {
      throw explain(error, at);
    });
    losses.add(phase, turn, computed.losses);
    state = applyUpdate(state, phase, computed.sum, config, layouts, arithmetic);
  }
  return { state, losses: losses.means() };
}

function explain(error: unknown, { step, phase }: Place): unknown {
  if (!(error instanceof NotFiniteError)) return error;
  const message = `Training stopped in step ${step}, ${phase} phase: ${error.message}`;
  return new UserError({ code: 'not-finite', message, advice: notFiniteAdvice, cause: error });
}
