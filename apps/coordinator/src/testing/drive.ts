/** Drives the coordinator's decisions by hand, without carrying effects out. */
import { shardsOf } from '@lstm-gan/core/fold';
import { protocolVersion, type Contribution, type Ready, type WorkerMessage } from '@lstm-gan/transport';
import { sampleContribution } from '@lstm-gan/transport/testing';
import { advance } from '../advance.ts';
import type { CoordinatorEvent, Effect } from '../decide/effects.ts';
import type { Plan } from '../decide/plan.ts';
import { createCoordinatorState, type CoordinatorState } from '../decide/state.ts';

export const sha = 'a'.repeat(64);
const basicPlan: Plan = {
  run: 'r',
  incarnation: 1,
  exchange: 'star',
  isStrict: true,
  shardCount: 1,
  discriminatorSteps: 1,
  readsPairs: false,
  lastStep: 1,
  engine: 'graph',
  doThreadsDecideBits: false,
  config: '{}',
  layouts: { generator: sha, discriminator: sha },
  layoutSizes: { generator: 1, discriminator: 1 },
  sliceSizes: { generator: [1], discriminator: [1] },
};
export const header = { run: 'r', incarnation: 1, membership: 1 };
const ready: Ready = {
  kind: 'ready',
  ...header,
  engine: 'graph',
  tensorflow: '2',
  device: 'CPU',
  threads: 1,
  layouts: { generator: sha, discriminator: sha },
  probes: { u: sha },
  graphs: { u: sha },
  peer: null,
};
/** The effect that sends work. */
export type SendWork = Extract<Effect, { kind: 'send-work' }>;
/** A worker's contribution for its lease. */
export const answer = ({ lease: { id, subtrees }, round: { step, phase, turn } }: SendWork): Contribution =>
  sampleContribution({
    ...header,
    step,
    phase,
    turn,
    crew: 0,
    lease: id,
    subtrees,
    computeMs: 1,
    losses: shardsOf(subtrees).map((shard) => ({ shard, loss: 0 })),
    sums: subtrees.map(() => new Float32Array(1)),
  });

export interface Course extends Partial<
  Pick<Plan, 'exchange' | 'discriminatorSteps' | 'doThreadsDecideBits' | 'modelSource'>
> {
  /** The step after which the caller has enough, so that training ends. */
  readonly enoughStep?: number;
  /** The step whose state is to be recorded. */
  readonly wantedStep?: number;
}

/**
 * Drives the state machine by hand. The effects `update` and `commit` are answered at once; the test answers all
 * others.
 */
export function drive(shardCount: number, lastStep: number, { enoughStep, wantedStep, ...change }: Course = {}) {
  let state: CoordinatorState = createCoordinatorState({ ...basicPlan, shardCount, lastStep, ...change }, 0, {
    generator: 0,
    discriminator: 0,
  });
  const done: Effect[] = [];
  let nowMs = 0;
  const handle = (event: CoordinatorEvent): Effect[] => {
    const result = advance(state, event, nowMs);
    state = result.state;
    const effects = [...result.effects];
    done.push(...result.effects);
    if (result.effects.some(({ kind }) => kind === 'update')) effects.push(...handle({ kind: 'updated' }));
    const commit = result.effects.find((effect) => effect.kind === 'commit');
    if (commit !== undefined)
      effects.push(
        ...handle({ kind: 'committed', isEnough: commit.step === enoughStep, isWanted: commit.step === wantedStep }),
      );
    return effects;
  };
  const say = (connection: string, message: WorkerMessage) => handle({ kind: 'message', connection, message });
  const join = (connection: string, change: Partial<Ready> = {}) => [
    ...say(connection, { kind: 'hello', protocol: protocolVersion, worker: `worker-${connection}` }),
    ...say(connection, { ...ready, ...change }),
  ];
  const wait = (ms: number) => {
    nowMs += ms;
    return handle({ kind: 'tick' });
  };
  return {
    handle,
    say,
    join,
    wait,
    done,
    get state() {
      return state;
    },
  };
}

/** The work that is sent. */
export const works = (effects: Effect[]) => effects.filter((effect): effect is SendWork => effect.kind === 'send-work');
export const kinds = (effects: Effect[]) => effects.map(({ kind }) => kind);
