/**
 * A worker without engine, sockets and clocks. It follows the protocol like a real worker, and uses the real
 * `SlicedMember`. Its gradients are cheap pure functions of what real gradients depend on: weights, step, phase, turn
 * and shard.
 */
import type { Network } from '@lstm-gan/core';
import { createFold, shardsOf, type ShardRange } from '@lstm-gan/core/fold';
import { plainArithmetic, type VectorArithmetic } from '@lstm-gan/core/optimizer';
import type { RunConfig } from '@lstm-gan/run';
import {
  protocolVersion,
  type CoordinatorMessage,
  type PeerMessage,
  type RunHeader,
  type Welcome,
  type Work,
  type WorkerMessage,
} from '@lstm-gan/transport';
import { sampleContribution } from '@lstm-gan/transport/testing';
import type { CurrentWeights } from '../../apps/worker/src/current-weights.ts';
import { SlicedMember } from '../../apps/worker/src/exchange/sliced/sliced-member.ts';

export interface SimulatedWorkerOptions {
  readonly name: string;
  readonly arithmetic: VectorArithmetic;
  readonly now: () => number;
  readonly layouts: Readonly<Record<Network, string>>;
  readonly report: (message: WorkerMessage) => void;
  readonly toPeer: (worker: string, message: PeerMessage) => void;
}

interface Job {
  readonly header: RunHeader;
  readonly config: RunConfig;
  readonly weights: CurrentWeights;
  readonly member: SlicedMember | undefined;
}

const sha = '0'.repeat(64);

export class SimulatedWorker {
  readonly #options: SimulatedWorkerOptions;
  #job: Job | undefined;
  /** True after `finish` or `reject`. */
  isDismissed = false;

  constructor(options: SimulatedWorkerOptions) {
    this.#options = options;
    options.report({ kind: 'hello', protocol: protocolVersion, worker: options.name });
  }

  leave(): void {
    // If the worker has not received `welcome` yet, the worker ends at once. Otherwise the worker asks to leave, and
    // ends when the coordinator tells it to finish.
    if (this.#job === undefined) this.isDismissed = true;
    else this.#options.report({ kind: 'leave', ...this.#job.header });
  }

  /** Reports that it cannot reach another worker. */
  complain(worker: string): void {
    const { header, member } = this.#currentJob;
    if (member !== undefined)
      this.#options.report({
        kind: 'unreachable',
        ...header,
        crew: member.crew,
        worker,
        sentence: 'It does not answer.',
      });
  }

  hear(message: CoordinatorMessage): void {
    switch (message.kind) {
      case 'welcome':
        return this.#build(message);
      case 'weights':
        this.#currentJob.weights[message.network] = { version: message.version, values: message.values };
        return this.#currentJob.member?.reportIfSettled();
      case 'work':
        return this.#compute(message);
      case 'finish':
      case 'reject':
        this.isDismissed = true;
        return;
      case 'seed':
        return this.#currentJob.member?.takeSeed(message);
      default:
        return this.#serveCrew(message);
    }
  }

  hearPeer(message: PeerMessage): void {
    this.#job?.member?.receive(message);
  }

  get #currentJob(): Job {
    if (this.#job === undefined) throw new Error('Something came before the welcome.');
    return this.#job;
  }

  #build({ run, incarnation, membership, config: text, exchange }: Welcome): void {
    const { name, arithmetic, now, layouts, report, toPeer } = this.#options;
    const [header, config, weights] = [{ run, incarnation, membership }, JSON.parse(text) as RunConfig, {}];
    const member =
      exchange === 'sliced'
        ? new SlicedMember({
            header,
            config,
            weights,
            now,
            arithmetic,
            post: { meet: () => undefined, toPeer, report },
          })
        : undefined;
    this.#job = { header, config, weights, member };
    const peer = member === undefined ? null : { address: name, publicKey: name, host: name };
    report({
      kind: 'ready',
      ...header,
      engine: config.engine,
      tensorflow: '2',
      device: 'none',
      threads: 1,
      layouts,
      probes: { unit: sha },
      graphs: { unit: sha },
      peer,
    });
  }

  #serveCrew(message: Extract<CoordinatorMessage, { kind: 'crew' | 'begin' | 'gather' }>): void {
    const { member } = this.#currentJob;
    if (member === undefined) throw new Error(`The star knows no ${message.kind}.`);
    if (member.networkToReplace(message.weightsVersions) !== undefined) member.applyRound();
    if (message.kind === 'crew') member.joinCrew(message);
    else if (message.kind === 'begin') member.beginRound(message);
    else member.sendSlices(message);
  }

  #compute(work: Work): void {
    const { weights, member } = this.#currentJob;
    const { generator, discriminator } = weights;
    if (
      generator?.version !== work.weightsVersions.generator ||
      discriminator?.version !== work.weightsVersions.discriminator
    )
      throw new Error('Work came without its weights.');
    const current = { generator: generator.values, discriminator: discriminator.values };
    const { kind: _kind, labels: _labels, images: _images, ...place } = work;
    const sums = work.subtrees.map((range) => sumOf(range, work, current));
    const losses = shardsOf(work.subtrees).map((shard) => ({ shard, loss: leaf(work, current, shard)[0] }));
    const computeMs = losses.length * 10;
    this.#options.report(sampleContribution({ ...place, losses, computeMs, sums: member === undefined ? sums : [] }));
    member?.contribute(work, sums);
  }
}

type Current = Readonly<Record<Network, Float32Array>>;

function sumOf(range: ShardRange, work: Work, current: Current): Float32Array {
  const fold = createFold(range);
  for (let shard = range.start; shard < range.end; shard++)
    fold.add({ start: shard, end: shard + 1 }, leaf(work, current, shard));
  const total = fold.total();
  if (total === undefined) throw new Error('A subtree has all of its shards.');
  const sum = new Float32Array(current[work.phase].length);
  plainArithmetic.evaluateSum(total, sum);
  return sum;
}

/** The label of a shard's real images, of which the simulated data have one for each shard. */
export function labelOf(batch: number, shard: number): number {
  return (batch * 5 + shard * 3) % 7;
}

/**
 * Stands for a gradient. Each place, each shard, each state of the weights and each label gives another vector. A
 * generator phase reads labels, too: those of the images that its loss compares, which come first in its work.
 */
function leaf({ step, phase, turn, labels, subtrees }: Work, current: Current, shard: number): Float32Array {
  const own = current[phase];
  const label = labels[shardsOf(subtrees).indexOf(shard)];
  const other = current[phase === 'generator' ? 'discriminator' : 'generator'];
  const place = Math.sin(1 + step * 7 + turn * 3 + shard * 13 + label);
  return own.map((weight, k) => place * Math.cos(k + weight) + 0.1 * other[k % other.length]);
}
