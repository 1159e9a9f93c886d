/**
 * A whole run in one thread, without sockets, clocks and chance. The coordinator's training and the workers' exchange
 * are the real ones. Between them are wires, and a schedule decides which message arrives next, and which worker dies,
 * hangs, leaves or joins. A wire keeps TCP's promises: messages arrive in order and whole, until it breaks. The arrays
 * of a message are checked only when it arrives, so the simulation notices an array that was released too early.
 */
import { createLayouts } from '@lstm-gan/core';
import { shardsOf } from '@lstm-gan/core/fold';
import { plainArithmetic, type VectorArithmetic } from '@lstm-gan/core/optimizer';
import {
  createTerminalLog,
  createTrainingState,
  layoutSha256,
  type RunConfig,
  type StepMetrics,
  type TrainingState,
} from '@lstm-gan/run';
import type { CoordinatorMessage, Exchange, PeerMessage, WorkerMessage } from '@lstm-gan/transport';
import type { CoordinatorEvent } from '../../apps/coordinator/src/decide/effects.ts';
import { Training } from '../../apps/coordinator/src/training.ts';
import type { Fault, FaultKind, Move } from './faults.ts';
import { labelOf, SimulatedWorker } from './simulated-worker.ts';

export interface SimulationOptions {
  readonly config: RunConfig;
  readonly exchange: Exchange;
  readonly steps: number;
  /** Steps between two durable states (checkpoints). */
  readonly durableEvery: number;
  readonly faults?: readonly Fault[];
}

interface Member {
  readonly peer: string;
  readonly number: number;
  readonly worker: SimulatedWorker;
  isHanging: boolean;
  /** Number of messages to other members that must arrive before this slow member receives messages again. */
  wakesAfter: number;
}

interface Wire {
  readonly from: string;
  readonly to: string;
  readonly messages: (CoordinatorMessage | WorkerMessage | PeerMessage | 'broken')[];
}

const coordinator = 'coordinator';

export class Simulation {
  readonly #options: SimulationOptions;
  readonly #givenBack = new WeakSet<ArrayBufferLike>();
  readonly #arithmetic: VectorArithmetic = {
    ...plainArithmetic,
    release: (array) => {
      if (array.byteLength === array.buffer.byteLength) this.#givenBack.add(array.buffer);
    },
  };
  readonly #layouts: { generator: string; discriminator: string };
  readonly #wires = new Map<string, Wire>();
  readonly #members = new Map<string, Member>();
  readonly #faults: Fault[];
  /** Pairs of workers that cannot reach each other. */
  readonly #partitions = new Set<string>();
  #training: Training;
  #durable: TrainingState;
  #incarnation = 0;
  #joined = 0;
  #nowMs = 0;
  /**
   * The losses of each step, as of its last commit: a step can be committed more than once, for example after a
   * restart.
   */
  readonly losses = new Map<number, StepMetrics['losses']>();
  #committedStep = 0;
  #longestQueue = 0;
  /**
   * `failed`: a write failed, and nothing more is written. `stopping`: after a failed write, training was told to stop.
   */
  #disk: 'sound' | 'full' | 'failed' | 'stopping' = 'sound';

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#faults = [...(options.faults ?? [])];
    const layouts = createLayouts(options.config.model);
    this.#layouts = { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) };
    this.#durable = createTrainingState(options.config);
    this.#training = this.#start();
  }

  get isFinished(): boolean {
    return this.#training.isFinished && (this.#disk === 'sound' || this.#disk === 'full');
  }

  /** The training state at the end of the run. Throws if an error stopped the run. */
  get state(): TrainingState {
    return this.#training.result().state;
  }

  /** The largest number of messages that ever waited on one wire. */
  get longestQueue(): number {
    return this.#longestQueue;
  }

  move({ kind, which }: Move): void {
    if (this.isFinished) return;
    switch (kind) {
      case 'deliver':
      case 'repeat':
        return this.#deliver(which, kind === 'repeat');
      case 'flow':
        for (let k = 0; k < which % 20; k++) this.#deliver(which * (k + 1) + k * k, false);
        return;
      case 'wait':
        this.#nowMs += which % 3000;
        return this.#happen({ kind: 'tick' });
      case 'join':
        if (this.#members.size < 5) this.#join();
        return;
      case 'restart':
        return this.#restart();
      default: {
        const member = [...this.#members.values()][which % Math.max(1, this.#members.size)] as Member | undefined;
        if (member !== undefined) this.#harm(member, kind);
      }
    }
  }

  /**
   * Delivers all messages until the run ends. Lets a worker join if there is none. Returns false if the run does not
   * end.
   */
  complete(): boolean {
    for (let rounds = 0; rounds < 40 && !this.isFinished; rounds++) {
      for (const member of [...this.#members.values()]) if (member.isHanging) this.#giveUp(member);
      if (this.#members.size === 0) this.#join();
      for (let k = 0; k < 100_000 && !this.isFinished && this.#open().length > 0; k++) this.#deliver(0, false);
      this.#nowMs += 20_000;
      if (!this.isFinished) this.#happen({ kind: 'tick' });
    }
    return this.isFinished;
  }

  #happen(event: CoordinatorEvent): void {
    this.#training.handle(event);
    if (this.#disk === 'failed') {
      this.#disk = 'stopping';
      this.#training.handle({ kind: 'stop' });
    }
    if (this.#disk !== 'stopping' || !this.#training.isFinished) return;
    // Stands for a user who frees space on the disk and then gives the command of the run again.
    this.#restart();
  }

  #start(): Training {
    const { config, exchange, steps, durableEvery } = this.#options;
    this.#incarnation += 1;
    this.#committedStep = this.#durable.step;
    return new Training({
      config,
      exchange,
      steps,
      run: 'simulated',
      incarnation: this.#incarnation,
      initial: this.#durable,
      arithmetic: this.#arithmetic,
      link: {
        address: '',
        events: () => {
          throw new Error('unused');
        },
        close: async () => undefined,
        watch: () => undefined,
        send: (peer, message) => this.#put(coordinator, peer, message),
        disconnect: (peer) => this.#put(coordinator, peer, 'broken'),
      },
      readShards: (batch, ranges) => ({
        images: new Uint8Array(0),
        labels: shardsOf(ranges).map((shard) => labelOf(batch, shard)),
      }),
      log: createTerminalLog({ write: () => undefined }),
      now: () => this.#nowMs,
      signal: new AbortController().signal,
      onCommit: (metrics) => this.#committed(metrics, durableEvery),
      onState: (state) => this.#keep(state),
      onRewind: (step) => (this.#committedStep = step),
    });
  }

  #committed({ step, losses }: StepMetrics, durableEvery: number): boolean {
    if (step !== this.#committedStep + 1)
      throw new Error(`Step ${step} was committed after step ${this.#committedStep}.`);
    this.#committedStep = step;
    const before = this.losses.get(step);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(losses))
      throw new Error(`Step ${step} came again with other losses.`);
    this.losses.set(step, losses);
    return step % durableEvery === 0;
  }

  #keep(state: TrainingState): void {
    if (this.#disk === 'full') this.#disk = 'failed';
    if (this.#disk !== 'sound') return;
    if (state.step < this.#durable.step)
      throw new Error(`The durable step ${this.#durable.step} was undone: ${state.step}.`);
    this.#durable = structuredClone(state);
  }

  /**
   * Kills the coordinator and starts it again from the last durable state. All wires and workers are replaced by new
   * ones.
   */
  #restart(): void {
    if (this.#disk !== 'full') this.#disk = 'sound';
    const numbers = this.#members.size;
    this.#members.clear();
    this.#wires.clear();
    this.#training = this.#start();
    for (let k = 0; k < numbers; k++) this.#join();
  }

  #join(): void {
    const number = this.#joined++;
    const peer = `worker-${number}`;
    const send = (to: string) => (message: WorkerMessage | PeerMessage) => this.#put(peer, to, message);
    const worker = new SimulatedWorker({
      name: peer,
      arithmetic: this.#arithmetic,
      now: () => this.#nowMs,
      layouts: this.#layouts,
      report: send(coordinator),
      toPeer: (to, message) => send(to)(message),
    });
    this.#members.set(peer, { peer, number, worker, isHanging: false, wakesAfter: Infinity });
  }

  #harm(member: Member, kind: FaultKind | 'wake'): void {
    switch (kind) {
      case 'hang':
      case 'slow':
        member.isHanging = true;
        member.wakesAfter = kind === 'slow' ? 40 : Infinity;
        return;
      case 'wake':
        member.isHanging = false;
        return;
      case 'leave':
        member.worker.leave();
        if (member.worker.isDismissed) this.#giveUp(member);
        return;
      case 'partition':
        return this.#part(member);
      case 'disk-full':
        if (this.#disk === 'sound') this.#disk = 'full';
        return;
      case 'disconnect':
        this.#giveUp(member);
        return this.#join();
      // A link refuses what is not a message, and disconnects its sender.
      case 'corrupt':
      case 'kill':
        return this.#giveUp(member);
    }
  }

  #part(member: Member): void {
    const peers = [...this.#members.keys()];
    const other = peers[(peers.indexOf(member.peer) + 1) % peers.length];
    if (other === member.peer) return;
    for (const [from, to] of [
      [member.peer, other],
      [other, member.peer],
    ]) {
      this.#partitions.add(`${from} ${to}`);
      if ((this.#wires.get(`${from} ${to}`)?.messages.length ?? 0) > 0) this.#lose(from, to);
    }
  }

  /** Messages on the way are lost, and their sender reports that the receiver is unreachable. */
  #lose(from: string, to: string): void {
    this.#wires.delete(`${from} ${to}`);
    this.#members.get(from)?.worker.complain(to);
  }

  /** Removes a member. Messages that it has sent to the coordinator still arrive; then its wire breaks. */
  #giveUp({ peer }: Member): void {
    this.#members.delete(peer);
    for (const [key, wire] of this.#wires)
      if (wire.to === peer || (wire.from === peer && wire.to !== coordinator)) this.#wires.delete(key);
    this.#put(peer, coordinator, 'broken');
  }

  #put(from: string, to: string, message: Wire['messages'][number]): void {
    if (to !== coordinator && !this.#members.has(to)) return;
    if (this.#partitions.has(`${from} ${to}`)) return this.#lose(from, to);
    const key = `${from} ${to}`;
    const wire = this.#wires.get(key) ?? { from, to, messages: [] };
    wire.messages.push(message);
    this.#longestQueue = Math.max(this.#longestQueue, wire.messages.length);
    this.#wires.set(key, wire);
  }

  /** Lines with a message for a receiver that is not hanging. */
  #open(): Wire[] {
    return [...this.#wires.values()].filter(
      ({ to, messages }) => messages.length > 0 && this.#members.get(to)?.isHanging !== true,
    );
  }

  #deliver(which: number, isRepeated: boolean): void {
    const wires = this.#open();
    const wire = wires[which % Math.max(1, wires.length)] as Wire | undefined;
    const message = wire?.messages.shift();
    if (wire === undefined || message === undefined || this.isFinished) return;
    this.#nowMs += 1;
    for (const member of this.#members.values())
      if (member.isHanging && --member.wakesAfter <= 0) member.isHanging = false;
    this.#arrive(wire, message);
    // Only a contribution can arrive twice: a worker that has connected again may send its contribution again.
    if (isRepeated && message !== 'broken' && message.kind === 'contribution' && !this.isFinished)
      this.#arrive(wire, message);
  }

  #arrive({ from, to }: Wire, message: Wire['messages'][number]): void {
    const lost = Object.entries(message).find(([, value]) =>
      [value].flat().some((array: unknown) => array instanceof Float32Array && this.#givenBack.has(array.buffer)),
    );
    if (lost !== undefined)
      throw new Error(
        `${lost[0]} of ${message === 'broken' ? message : message.kind} from ${from} to ${to} was given back while it was on its way.`,
      );
    if (to === coordinator) {
      if (message === 'broken') this.#happen({ kind: 'left', connection: from, sentence: 'It died.' });
      else this.#happen({ kind: 'message', connection: from, message: structuredClone(message as WorkerMessage) });
      return;
    }
    const member = this.#members.get(to);
    if (member === undefined) return;
    if (message === 'broken') return this.#giveUp(member);
    if (from !== coordinator) return member.worker.hearPeer(structuredClone(message as PeerMessage));
    if (
      (message as CoordinatorMessage).kind === 'work' &&
      this.#failsAt(member, message as Extract<CoordinatorMessage, { kind: 'work' }>)
    )
      return;
    member.worker.hear(structuredClone(message as CoordinatorMessage));
    // The coordinator has dismissed the worker, so the worker ends and its wires break.
    if (member.worker.isDismissed) this.#giveUp(member);
  }

  #failsAt(member: Member, { step, phase }: { step: number; phase: string }): boolean {
    const at = this.#faults.findIndex(
      (fault) => fault.worker === member.number && fault.step === step && fault.phase === phase,
    );
    if (at < 0) return false;
    const [{ kind }] = this.#faults.splice(at, 1);
    this.#harm(member, kind);
    return !this.#members.has(member.peer);
  }
}
