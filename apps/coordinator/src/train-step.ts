/**
 * One step of training, from batch to broadcast, in the order in which it happens:
 *
 *   for each phase of the step: the discriminator's (once or several times), then the generator's
 *     1. hand out   each worker gets some shards of the batch, and the weights that it lacks
 *     2. collect    workers send back partial sums of gradients
 *     3. update     when all shards are collected: fold, mean, Adam, moving averages (the next phase sends the weights)
 *   4. commit       metrics; a checkpoint if one is due
 *
 * The coordinator waits for messages, so the step is not one loop. Each of the parts 1 to 4 has two kinds of functions.
 * One kind decides: it is pure, is called by `advance`, and returns effects. The other kind carries such an effect out,
 * and is called by Training. What differs between the star and the sliced exchange is in `rulesOf(state)` (decisions)
 * and `tools.arrays` (their execution).
 */
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { batchOf, nextPlace, placesOfImages } from '@lstm-gan/core/step';
import type { ReadShards } from '@lstm-gan/data';
import type { StepMetrics, TrainingState } from '@lstm-gan/run';
import type { Contribution, CoordinatorLink, RunHeader } from '@lstm-gan/transport';
import type { Comparison } from './carry-out/compare-contributions.ts';
import type { ExchangeArrays } from './carry-out/exchange-arrays.ts';
import type { SentWeights } from './carry-out/sent-weights.ts';
import type { StepClock } from './carry-out/step-clock.ts';
import { prepend, type Advance, type CoordinatorEvent, type EffectOf } from './decide/effects.ts';
import { completeLease, originalOf } from './decide/end-lease.ts';
import { judgeContribution, type ContributionVerdict } from './decide/judge-contribution.ts';
import { refuseUnexpected } from './decide/membership.ts';
import { measurePace, planPace } from './decide/pace.ts';
import type { Plan } from './decide/plan.ts';
import { rulesOf } from './decide/rules-of.ts';
import { adviseShares } from './decide/share-advice.ts';
import { createRound, isAtStepStart, isOver, withMember, type CoordinatorState, type Member } from './decide/state.ts';

/** The tools with which Training carries out the effects of a step. */
export interface StepTools {
  readonly plan: Plan;
  readonly arrays: ExchangeArrays;
  readonly arithmetic: VectorArithmetic;
  readonly readShards: ReadShards;
  readonly sent: SentWeights;
  readonly link: CoordinatorLink;
  readonly clock: StepClock;
  readonly comparison: Comparison;
  readonly now: () => number;
  /** Real images that the discriminator sees in a step. */
  readonly imagesPerStep: number;
  readonly onCommit: (metrics: StepMetrics) => boolean;
  readonly onState?: (state: TrainingState) => void;
  readonly isEnough?: () => boolean;
}

// 1. Hand out ---------------------------------------------------------------------------------------------------------

/** Decides who computes which shards of the next phase (decide/leases.ts). Effects: `send-weights`, `send-work`. */
export function beginRound(state: CoordinatorState, isWanted = false): Advance {
  return rulesOf(state).beginRound(state, isWanted);
}

/** Sends a worker the newest weights of a network. */
export function sendWeights(tools: StepTools, header: RunHeader, effect: EffectOf<'send-weights'>): void {
  const { connection, network, version } = effect;
  const values = tools.sent.of(tools.arrays.weightsOf(network));
  tools.link.send(connection, { kind: 'weights', ...header, network, version, values });
}

/** Sends a worker its lease, with the real images of its shards and their labels. */
export function sendWork(
  { plan, link, readShards }: StepTools,
  header: RunHeader,
  { connection, lease, round }: EffectOf<'send-work'>,
  state: CoordinatorState,
): void {
  const { step, phase, turn } = round;
  const { id, subtrees } = lease;
  // Work of the generator phase brings the images of the next step's first phase. After the last step no phase follows.
  const readers = placesOfImages(round, plan.discriminatorSteps, plan.readsPairs);
  const read = readers
    .filter((reader) => reader.step <= plan.lastStep)
    .map((reader) => readShards(batchOf(reader, plan.discriminatorSteps), subtrees));
  link.send(connection, {
    kind: 'work',
    ...header,
    step,
    phase,
    turn,
    crew: rulesOf(state).crewNumber(state),
    lease: id,
    weightsVersions: state.versions,
    subtrees,
    labels: read.flatMap(({ labels }) => labels),
    // A message has its images in one array, so those of two batches are copied into one.
    images: read.length === 1 ? read[0].images : Buffer.concat(read.map(({ images }) => images)),
  });
}

// 2. Collect ----------------------------------------------------------------------------------------------------------

/**
 * Decides whether a contribution counts (decide/judge-contribution.ts). Effects: `collect`, or `compare` for an
 * overtaken lease. In the star, the last contribution of a round also gives `update`.
 */
export function takeContribution(state: CoordinatorState, member: Member, contribution: Contribution): Advance {
  const rules = rulesOf(state);
  const verdict = judgeContribution(state, rules, member, contribution);
  switch (verdict.kind) {
    case 'counts':
      return count(state, member, contribution, verdict);
    case 'overtaken': {
      // The late contribution must equal the one that counted. The worker that sent the late one is idle now.
      const overtaken = member.overtaken.filter((other) => other !== verdict.by);
      const next = dropContribution(withMember(state, member, { overtaken }));
      const lease = verdict.by.original;
      return prepend([{ kind: 'compare', contribution, worker: member.name, lease }], rules.handOut(next));
    }
    case 'dropped':
      return { state: dropContribution(state), effects: [] };
    case 'unfit':
      return refuseUnexpected(state, member.connection, 'a contribution that does not fit its lease');
  }
}

function count(
  state: CoordinatorState,
  member: Member,
  contribution: Contribution,
  { lease, twin }: Extract<ContributionVerdict, { kind: 'counts' }>,
): Advance {
  const pace = measurePace(member.pace, contribution, state.nowMs - lease.sinceMs);
  const next = completeLease(withMember(state, member, { pace }), lease, twin);
  const original = twin === undefined ? undefined : originalOf(lease);
  return prepend(
    [{ kind: 'collect', contribution, worker: member.name, lease: original }],
    rulesOf(next).afterCollect(next),
  );
}

function dropContribution(state: CoordinatorState): CoordinatorState {
  return { ...state, droppedContributions: state.droppedContributions + 1 };
}

/** Takes a contribution into the round. */
export function collect({ arrays, clock, comparison }: StepTools, effect: EffectOf<'collect'>): void {
  const { worker, contribution, lease } = effect;
  if (lease !== undefined) comparison.note(lease, worker, contribution);
  arrays.collect(contribution);
  clock.contributed(worker, contribution);
}

/** Compares a contribution that came second with the one that counted. If they differ, returns the event `differed`. */
export function compare(
  { arithmetic, comparison }: StepTools,
  { worker, contribution, lease }: EffectOf<'compare'>,
): CoordinatorEvent | undefined {
  const other = comparison.whoDiffers(lease, contribution);
  for (const sum of contribution.sums) arithmetic.release(sum);
  return other === undefined ? undefined : { kind: 'differed', workers: [other, worker], contribution };
}

// 3. Update -----------------------------------------------------------------------------------------------------------

/**
 * Updates the phase's network: in the star, folds the sums and applies the optimizer; in the sliced exchange, the crew
 * has done so.
 */
export function update({ arrays, clock, now }: StepTools, { phase, results }: EffectOf<'update'>): CoordinatorEvent {
  const startMs = now();
  arrays.update(phase);
  const endMs = now();
  // In the sliced exchange, the round waited for the slowest member.
  const updateMs = results.length === 0 ? endMs - startMs : Math.max(...results.map((result) => result.updateMs));
  clock.updated(phase, updateMs, endMs);
  return { kind: 'updated' };
}

/** Decides what comes after an update: the next phase, which begins by sending the new weights, or the commit. */
export function afterUpdate(state: CoordinatorState): Advance {
  const { round, plan, versions } = state;
  const { step, phase } = round;
  const next: CoordinatorState = {
    ...state,
    versions: { ...versions, [phase]: versions[phase] + 1 },
    round: createRound(nextPlace(round, plan.discriminatorSteps), plan.shardCount),
  };
  return isAtStepStart(next) ? { state: next, effects: [{ kind: 'commit', step }] } : beginRound(next);
}

// 4. Commit -----------------------------------------------------------------------------------------------------------

/** Measures the step and calls `onCommit`. If `onCommit` asks for the state after the step, calls `onState` with it. */
export function commit(
  tools: StepTools,
  { step }: EffectOf<'commit'>,
): { metrics: StepMetrics; event: CoordinatorEvent } {
  const { arrays, clock, now, imagesPerStep, onCommit, onState, isEnough } = tools;
  arrays.commit();
  const metrics = clock.finish(step, imagesPerStep, now());
  const isWanted = onCommit(metrics);
  if (isWanted) {
    const state = arrays.keep();
    if (state !== undefined) onState?.(state);
  }
  return { metrics, event: { kind: 'committed', isEnough: isEnough?.() ?? false, isWanted } };
}

/** Decides what comes after a step: the hand-out of the next step's first phase, or the end of training. */
export function afterCommit(
  before: CoordinatorState,
  { isEnough, isWanted }: Extract<CoordinatorEvent, { kind: 'committed' }>,
): Advance {
  const state = { ...before, isEnough, stopping: before.stopping || isEnough };
  if (isOver(state)) return beginRound(state, isWanted);
  const members = state.members.map((member) => ({
    ...member,
    pace: planPace(member.pace, state.plan.discriminatorSteps),
  }));
  const { state: advised, effects } = adviseShares({ ...state, members });
  return prepend(effects, beginRound(advised, isWanted));
}
