/**
 * The coordinator: a loop that turns what happens into orders (advance) and carries them out. Arrays, sockets, clocks and
 * files are here; decisions are not.
 */
import { createFold, createLayouts, UserError, type Fold, type Layout, type Network } from '@lstm-gan/core';
import type { ReadShards } from '@lstm-gan/data';
import { layoutSha256, weightsSha256, type Logger, type RunConfig, type StepMetrics, type TrainingState } from '@lstm-gan/run';
import type { CoordinatorLink } from '@lstm-gan/transport';
import { advance } from './advance.ts';
import { applyUpdate } from './apply-update.ts';
import { createCoordinatorState, type CoordinatorEvent, type CoordinatorState, type Effect, type Plan } from './state.ts';
import { createStepClock, median } from './step-clock.ts';

export interface CoordinatorOptions {
  readonly config: RunConfig;
  /** Unique for the run; messages of another one are stale. */
  readonly run: string;
  /** Counts the coordinator's starts on this run, from 1. */
  readonly incarnation: number;
  /** What to go on from. */
  readonly initial: TrainingState;
  /** The step to stop behind. */
  readonly steps: number;
  readonly link: CoordinatorLink;
  readonly readShards: ReadShards;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Aborted to stop behind the step in work. */
  readonly signal: AbortSignal;
  /** Hears of every committed step; must not keep the loop waiting. The arrays of `state` never change. */
  readonly onCommit: (metrics: StepMetrics, state: TrainingState) => void;
}

export interface TrainingResult {
  /** The last committed state. */
  readonly state: TrainingState;
  readonly weightsSha256: string;
  /** Median after the fifth step; NaN for shorter runs. */
  readonly imagesPerSecond: number;
  readonly losses: StepMetrics['losses'] | undefined;
  readonly droppedContributions: number;
}

/** Trains until `steps` are committed or the signal stops it; throws a UserError when training cannot go on. */
export async function startCoordinator(options: CoordinatorOptions): Promise<TrainingResult> {
  const training = createTraining(options);
  const onAbort = (): void => training.happen({ kind: 'stop' });
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (!training.isFinished()) {
      if (options.signal.aborted) onAbort();
      for await (const event of options.link.events()) {
        training.happen(event);
        if (training.isFinished()) break;
      }
    }
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    await options.link.close();
  }
  return training.result();
}

function planOf({ config, run, incarnation, steps }: CoordinatorOptions, layouts: Readonly<Record<Network, Layout>>): Plan {
  return {
    run,
    incarnation,
    shardCount: config.batchSize / config.shardSize,
    lastStep: steps,
    engine: config.engine,
    threads: config.threads,
    config: JSON.stringify(config),
    layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
    layoutSizes: { generator: layouts.generator.size, discriminator: layouts.discriminator.size },
  };
}

/** The state that goes with the decisions' state: arrays, the fold of the round, measurements. */
function createTraining(options: CoordinatorOptions) {
  const { config, initial, link, log, now, readShards, onCommit } = options;
  const layouts = createLayouts(config.model);
  const plan = planOf(options, layouts);
  const versions = { generator: initial.generator.updates, discriminator: initial.discriminator.updates };
  let decided: CoordinatorState = createCoordinatorState(plan, initial.step, versions);
  let working: TrainingState = initial;
  let committed: TrainingState = initial;
  let fold: Fold = createFold(plan.shardCount);
  let lastMetrics: StepMetrics | undefined;
  let failure: unknown;
  const rates: number[] = [];
  const clock = createStepClock(now());

  const update = (network: Network): void => {
    const startMs = now();
    working = applyUpdate(working, network, fold.total(), config, layouts);
    fold = createFold(plan.shardCount);
    clock.updated(now() - startMs);
    happen({ kind: 'updated' });
  };

  const commit = (step: number): void => {
    committed = working;
    lastMetrics = clock.finish(step, config.batchSize, now());
    if (step - initial.step > 5) rates.push(lastMetrics.imagesPerSecond);
    onCommit(lastMetrics, committed);
  };

  const perform = (effect: Effect): void => {
    const header = { run: plan.run, incarnation: plan.incarnation, membership: decided.membership };
    switch (effect.kind) {
      case 'send':
        return link.send(effect.peer, effect.message);
      case 'send-weights': {
        const { network, version } = effect;
        return link.send(effect.peer, { kind: 'weights', ...header, network, version, values: working[network].weights });
      }
      case 'send-work': {
        const { lease, round } = effect;
        const subtrees = [lease.range];
        const images = round.phase === 'discriminator' ? readShards(round.step, subtrees) : new Uint8Array(0);
        const place = { step: round.step, phase: round.phase, lease: lease.id, weightsVersions: decided.versions };
        return link.send(effect.peer, { kind: 'work', ...header, ...place, subtrees, images });
      }
      case 'collect':
        effect.contribution.subtrees.forEach((range, i) => fold.add(range, effect.contribution.sums[i]));
        return clock.contributed(effect.worker, effect.contribution);
      case 'update':
        return update(effect.phase);
      case 'commit':
        return commit(effect.step);
      case 'disconnect':
        return link.disconnect(effect.peer);
      case 'log':
        return log[effect.level](effect.text);
      case 'abort':
        failure = new UserError(effect);
        return;
      case 'finish':
        return;
    }
  };

  function happen(event: CoordinatorEvent): void {
    const { state, effects } = advance(decided, event);
    decided = state;
    for (const effect of effects) perform(effect);
  }

  return {
    happen,
    isFinished: () => decided.finished,
    result(): TrainingResult {
      if (failure !== undefined) throw failure;
      return {
        state: committed,
        weightsSha256: weightsSha256(committed.generator.weights, committed.discriminator.weights),
        imagesPerSecond: median(rates),
        losses: lastMetrics?.losses,
        droppedContributions: decided.droppedContributions,
      };
    },
  };
}
