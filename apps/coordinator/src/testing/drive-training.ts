/**
 * A whole coordinator without sockets and clocks: Training, a link that notes what is sent, and workers that answer
 * without computing anything. The workers keep to the protocol of both exchanges.
 */
import { createLayouts, presets, type Network, type Preset } from '@lstm-gan/core';
import { shardsOf } from '@lstm-gan/core/fold';
import { cutSlices, networks } from '@lstm-gan/core/weights';
import { configure, createTrainingState, layoutSha256, readSettings, type RunConfig } from '@lstm-gan/run';
import {
  protocolVersion,
  type CoordinatorMessage,
  type Contribution,
  type Exchange,
  type Work,
  type WorkerMessage,
} from '@lstm-gan/transport';
import { sampleContribution } from '@lstm-gan/transport/testing';
import type { CoordinatorOptions } from '../coordinator-options.ts';
import { Training } from '../training.ts';

export const config: RunConfig = configure(presets.get('digits') as Preset, [
  readSettings([
    'model.generator={kind: dense, units: [2]}',
    'model.image.size=4',
    'model.discriminator.filters=[1]',
    'model.latent=1',
    'batchSize=8',
    'shardSize=2',
  ]),
]);
const layouts = createLayouts(config.model);
const slices = { generator: cutSlices(layouts.generator), discriminator: cutSlices(layouts.discriminator) };

/** A message on its way to a worker. */
export interface Sent {
  readonly connection: string;
  readonly message: CoordinatorMessage;
}

export interface SentWork extends Sent {
  readonly message: Work;
}

export function driveTraining(exchange: Exchange, change: Partial<CoordinatorOptions> = {}) {
  /** What the coordinator did, in order. */
  const done: string[] = [];
  /** Messages that no worker has answered yet. */
  const inbox: Sent[] = [];
  let nowMs = 0;
  const { onCommit = () => false, onState, onIdentify } = change;
  const training = new Training({
    config,
    exchange,
    steps: 9,
    run: 'r',
    incarnation: 1,
    initial: createTrainingState(config),
    link: {
      address: '',
      events: () => {
        throw new Error('unused');
      },
      close: async () => undefined,
      watch: (connection) => void done.push(`watch ${connection}`),
      send: (connection, message) => {
        done.push(`${connection} ${describeMessage(message)}`);
        inbox.push({ connection, message });
      },
      disconnect: (connection) => void done.push(`disconnect ${connection}`),
    },
    readShards: () => ({ images: new Uint8Array(0), labels: [] }),
    log: { info: () => undefined, warn: () => undefined } as unknown as CoordinatorOptions['log'],
    now: () => nowMs,
    signal: new AbortController().signal,
    ...change,
    onIdentify: (computes) => {
      done.push('identify');
      onIdentify?.(computes);
    },
    onCommit: (metrics) => {
      done.push(`commit ${metrics.step}`);
      return onCommit(metrics);
    },
    onState: (state) => {
      done.push(`state ${state.step}`);
      onState?.(state);
    },
  });

  const say = (connection: string, message: WorkerMessage): void =>
    training.handle({ kind: 'message', connection, message });

  const join = (connection: string): void => {
    const hash = '0'.repeat(64);
    say(connection, { kind: 'hello', protocol: protocolVersion, worker: connection });
    say(connection, {
      kind: 'ready',
      ...header,
      engine: config.engine,
      tensorflow: '2',
      device: 'none',
      threads: 1,
      layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
      probes: { unit: hash },
      graphs: { unit: hash },
      peer: exchange === 'star' ? null : { address: connection, publicKey: connection, host: connection },
    });
  };

  /** Plays the worker that a message was sent to: handles the message. */
  const answer = ({ connection, message }: Sent): void => {
    switch (message.kind) {
      case 'work':
        say(connection, contributionFor(message, exchange));
        // When no work is left to answer, this was the round's last contribution, and all members report the result.
        if (exchange === 'sliced' && !inbox.some((other) => other.message.kind === 'work')) finishRound(message);
        return;
      case 'finish':
        members.delete(connection);
        return;
      case 'crew':
        return say(connection, { kind: 'settled', ...header, crew: message.crew });
      case 'gather':
        for (const network of networks) {
          for (const slice of message.slices[network])
            say(connection, sliceOf(network, slice, message.gathering, message.weightsVersions[network]));
        }
    }
  };

  /** The workers that have joined and are not gone. */
  const members = new Set<string>();
  const finishRound = ({ step, phase, turn, crew }: Work): void => {
    for (const connection of [...members])
      say(connection, { kind: 'updated', ...header, step, phase, turn, crew, updateMs: 1, notFinite: null });
  };

  const driven = {
    training,
    done,
    inbox,
    say,
    answer,
    finishRound,
    join(connection: string): void {
      members.add(connection);
      join(connection);
    },
    lose(connection: string): void {
      members.delete(connection);
      const kept = inbox.filter((sent) => sent.connection !== connection);
      inbox.splice(0, inbox.length, ...kept);
      training.handle({ kind: 'left', connection, sentence: 'It died.' });
    },
    wait(ms: number): void {
      nowMs += ms;
      training.handle({ kind: 'tick' });
    },
    /** Answers the oldest message. */
    answerNext(): void {
      const next = inbox.shift();
      if (next !== undefined) answer(next);
    },
    /** Answers until the predicate holds, or nothing is left to answer. */
    answerUntil(isReached: () => boolean): void {
      while (inbox.length > 0 && !isReached()) driven.answerNext();
    },
    /** Work that no worker has answered yet. */
    get open(): SentWork[] {
      return inbox.flatMap(({ connection, message }) => (message.kind === 'work' ? [{ connection, message }] : []));
    },
  };
  return driven;
}

export const header = { run: 'r', incarnation: 1, membership: 1 };

function describeMessage(message: CoordinatorMessage): string {
  switch (message.kind) {
    case 'weights':
      return `weights ${message.network} ${message.version}`;
    case 'work':
      return `work ${message.step} ${message.phase}`;
    default:
      return message.kind;
  }
}

/** A contribution with sums of zeros. */
export function contributionFor(
  { kind: _kind, labels: _labels, images: _images, ...round }: Work,
  exchange: Exchange,
): Contribution {
  const { subtrees, phase } = round;
  const shards = shardsOf(subtrees);
  return sampleContribution({
    ...round,
    losses: shards.map((shard) => ({ shard, loss: 1 })),
    computeMs: 10 * shards.length,
    sums: exchange === 'star' ? subtrees.map(() => new Float32Array(layouts[phase].size)) : [],
  });
}

function sliceOf(network: Network, slice: number, gathering: number, updates: number): WorkerMessage {
  const { start, end } = slices[network][slice];
  const floats = (): Float32Array => new Float32Array(end - start);
  return {
    kind: 'slice',
    ...header,
    gathering,
    network,
    slice,
    updates,
    beta1Power: 0.5,
    beta2Power: 0.5,
    weights: floats(),
    firstMoments: floats(),
    secondMoments: floats(),
    ema: network === 'generator' ? floats() : new Float32Array(0),
  };
}
