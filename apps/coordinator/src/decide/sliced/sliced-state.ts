/** What the coordinator knows about a sliced exchange: who holds which slice, and what the crew is doing. */
import type { Network } from '@lstm-gan/core';
import { networks } from '@lstm-gan/core/weights';
import type { SliceState, Updated, WeightsVersions } from '@lstm-gan/transport';
import type { Plan } from '../plan.ts';
import type { Holders } from './assign-slices.ts';

export type AllHolders = Readonly<Record<Network, readonly (Holders | undefined)[]>>;

export interface SlicedState {
  /**
   * `resting`: there is no crew. `gathering`: the coordinator waits for the state that it will seed the next crew with,
   * or end with. `settling`: the members of a new crew take up their places. `computing`: a round is under way.
   */
  readonly stage: 'resting' | 'gathering' | 'settling' | 'computing';
  /** The number of the newest crew. */
  readonly crew: number;
  /** Connections of the crew's members, in the order of their numbers. */
  readonly members: readonly string[];
  readonly holders: AllHolders;
  /**
   * In stage `settling`, connections of the members that have settled. In stage `computing`, connections of the members
   * that have the round's result.
   */
  readonly reported: readonly string[];
  /** In stage `computing`, the messages of the members that have the round's result. */
  readonly results: readonly Updated[];
  /** The coordinator itself holds a whole state of the run, with these versions. */
  readonly held: WeightsVersions;
  /** The newest recorded state. The run goes back to it when a slice is lost with its owner and its backup. */
  readonly recorded: { readonly step: number; readonly versions: WeightsVersions };
  readonly gatherings: readonly Gathering[];
  readonly nextGathering: number;
}

/** A request to members for the state of their slices, until all slices have arrived. */
export interface Gathering {
  readonly id: number;
  /** Connections of the members that were asked. */
  readonly asked: readonly string[];
  readonly versions: WeightsVersions;
  /** The last step that was committed when the members were asked. */
  readonly step: number;
  /** True if the gathered state is the state after a step, and is to be recorded: `onCommit` has asked for it. */
  readonly isRecord: boolean;
}

/** Effects that only the sliced exchange has. */
export type CrewEffect =
  /** Sends the state of a slice, which the coordinator holds, to the slice's new owner or backup. */
  | {
      readonly kind: 'seed';
      readonly connection: string;
      readonly network: Network;
      readonly slice: number;
      readonly crew: number;
    }
  /**
   * Waits for the slices that members are asked for. Answered with `gathered` when all of these slices have arrived.
   */
  | { readonly kind: 'await-slices'; readonly gathering: Gathering }
  /** Gives up a gathering, because some of its slices will not come or its state is not needed any more. */
  | { readonly kind: 'forget-slices'; readonly gathering: Gathering }
  | { readonly kind: 'collect-slice'; readonly slice: SliceState }
  /** The run goes back to the recorded state of this step. */
  | { readonly kind: 'rewind'; readonly step: number };

export function createSlicedState(plan: Plan, step: number, versions: WeightsVersions): SlicedState {
  return {
    stage: 'resting',
    crew: 0,
    members: [],
    holders: noHolders(plan),
    reported: [],
    results: [],
    held: versions,
    recorded: { step, versions },
    gatherings: [],
    nextGathering: 1,
  };
}

/** Returns a table of holders in which no slice has a holder. */
export function noHolders({ sliceSizes }: Plan): AllHolders {
  const noHolder = (network: Network): undefined[] => sliceSizes[network].map(() => undefined);
  return { generator: noHolder('generator'), discriminator: noHolder('discriminator') };
}

export function isSameVersions(a: WeightsVersions, b: WeightsVersions): boolean {
  return networks.every((network) => a[network] === b[network]);
}
