/**
 * A worker: says hello, builds what the run's configuration asks for, proves that it computes the run's bits, and then
 * computes leases until the coordinator finishes. It keeps nothing that could be lost but the current weights.
 */
import { createLayouts, nextPlace, UserError, assert, type Network } from '@lstm-gan/core';
import type { Engine, EngineDescription } from '@lstm-gan/engine';
import { checkRunConfig, layoutSha256, type Logger, type RunConfig } from '@lstm-gan/run';
import {
  protocolVersion,
  type CoordinatorMessage,
  type PeerLink,
  type Ready,
  type Reject,
  type RunHeader,
  type Welcome,
  type WorkerLink,
  type Work,
} from '@lstm-gan/transport';
import { compileUnits, fingerprints, type CompiledUnits } from './compile-units.ts';
import { createCarriedPasses, type CarriedPasses } from './carried-passes.ts';
import { createAhead, type Ahead, type AheadShard } from './ahead.ts';
import { hearPeers } from './hear-peers.ts';
import { createNoise, type Noise } from './noise.ts';
import { NotFiniteError, runLease, shardsOf, startShard } from './run-lease.ts';
import { SlicedExchange, type CurrentWeights } from './sliced-exchange.ts';

export interface WorkerOptions {
  readonly link: WorkerLink;
  /** Unique in the run. */
  readonly name: string;
  /** Called once the run's configuration is known. */
  readonly openEngine: (config: RunConfig) => Promise<Engine>;
  /** Called where the run's exchange is sliced: this worker's end towards the others. */
  readonly openPeers: () => Promise<PeerLink>;
  /** Equal for workers on one machine. */
  readonly host: string;
  /** Whether the coordinator runs on this machine. */
  readonly besideCoordinator: boolean;
  readonly log: Logger;
  /** Aborted to leave politely: behind the lease in work. */
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface Job {
  readonly header: RunHeader;
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly units: CompiledUnits;
  /** None where it would take the processor from the update that it waits for. */
  readonly ahead: Ahead | undefined;
  readonly carried: CarriedPasses;
  readonly noise: Noise;
  readonly weights: CurrentWeights;
  /** In the sliced exchange. */
  readonly peers: PeerLink | undefined;
  readonly exchange: SlicedExchange | undefined;
  idleSinceMs: number;
}

/** Works until the run is finished or the worker is told to leave; throws a UserError when it is refused or left alone. */
export async function startWorker(options: WorkerOptions): Promise<void> {
  const { link, name, signal, log } = options;
  let job: Job | undefined;
  const leave = (): void => {
    // The coordinator says when it may go: behind the lease in work, or when its slices are with others.
    if (job === undefined) void link.close();
    else link.send({ kind: 'leave', ...job.header });
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    link.send({ kind: 'hello', protocol: protocolVersion, worker: name });
    for await (const event of link.events()) {
      if (event.kind === 'closed') {
        if (signal.aborted) return;
        if (event.refused === true)
          throw new UserError({
            code: 'refused',
            message: event.sentence,
            advice: 'Give the key file of this run, which its coordinator names when it starts.',
          });
        throw new UserError({
          code: 'coordinator-gone',
          message: event.sentence,
          advice: 'Start the coordinator again, then this worker.',
        });
      }
      const { message } = event;
      if (message.kind === 'finish') {
        log.info(signal.aborted ? 'Left.' : 'The run is finished.');
        return void (await link.close());
      }
      if (message.kind === 'welcome') job = await build(message, options);
      else if (job !== undefined) await serve(message, job, options);
      else refuseEarly(message);
    }
  } finally {
    signal.removeEventListener('abort', leave);
    // Also when it fails: an open link keeps the process, and the coordinator would wait for a worker that does nothing.
    await link.close();
    await job?.peers?.close();
    await job?.engine.close();
    log.debug({ worker: name }, 'worker stopped');
  }
}

function refuseEarly(message: CoordinatorMessage): never {
  if (message.kind === 'reject') throw rejected(message);
  throw new Error(`Bug: the coordinator sent ${message.kind} before it said welcome`);
}

function rejected({ reason, sentence }: Reject): UserError {
  return new UserError({
    code: `rejected-${reason}`,
    message: `The coordinator refused this worker: ${sentence}`,
    advice: 'Mend that, then start it again.',
  });
}

async function build(
  { run, incarnation, membership, config: text, exchange: how }: Welcome,
  options: WorkerOptions,
): Promise<Job> {
  const { link, name, openEngine, openPeers, log, now } = options;
  const config = checkRunConfig(JSON.parse(text));
  const engine = await openEngine(config);
  const units = await compileUnits(engine, config);
  const header = { run, incarnation, membership };
  const weights: CurrentWeights = {};
  const peers = how === 'sliced' ? await openPeers() : undefined;
  const exchange =
    peers &&
    new SlicedExchange({
      header,
      config,
      weights,
      now,
      arithmetic: engine.arithmetic,
      post: {
        meet: (others) => peers.meet(others),
        toPeer: (worker, message) => peers.send(worker, message),
        report: (message) => link.send(message),
      },
    });
  if (peers !== undefined && exchange !== undefined) hearPeers({ peers, exchange, header, link, log });
  const ready = await describe(header, config, engine.describe(), units);
  link.send({
    ...ready,
    peer: peers === undefined ? null : { address: peers.address, publicKey: peers.publicKey, host: options.host },
  });
  log.info(
    `Ready as ${name} for a run of preset ${config.preset} (${ready.device}, threads: ${ready.threads}, TensorFlow ${ready.tensorflow}).`,
  );
  const sharesProcessor = options.besideCoordinator && engine.describe().device.kind === 'cpu';
  const ahead = sharesProcessor ? undefined : createAhead(now);
  return {
    header,
    config,
    engine,
    units,
    ahead,
    carried: createCarriedPasses(),
    noise: createNoise(config),
    weights,
    peers,
    exchange,
    idleSinceMs: now(),
  };
}

async function describe(
  header: RunHeader,
  config: RunConfig,
  description: EngineDescription,
  units: CompiledUnits,
): Promise<Omit<Ready, 'peer'>> {
  const layouts = createLayouts(config.model);
  const { engine, tensorflow, threads, device } = description;
  return {
    kind: 'ready',
    ...header,
    engine,
    tensorflow,
    threads,
    device: `${device.kind} ${device.name}`,
    layouts: { generator: layoutSha256(layouts.generator), discriminator: layoutSha256(layouts.discriminator) },
    ...(await fingerprints(units)),
  };
}

async function serve(message: CoordinatorMessage, job: Job, options: WorkerOptions): Promise<void> {
  switch (message.kind) {
    case 'weights':
      await forget(job, message.network);
      job.weights[message.network] = { version: message.version, values: message.values };
      job.exchange?.settleIfReady();
      return;
    case 'work':
      return work(message, job, options);
    case 'reject':
      throw rejected(message);
    case 'crew':
    case 'slice':
    case 'begin':
    case 'gather':
      if (job.exchange !== undefined) return serveExchange(message, job, job.exchange);
      break;
    default:
  }
  throw new Error(`Bug: the coordinator sent ${message.kind} in the middle of a run`);
}

type ExchangeMessage = Extract<CoordinatorMessage, { kind: 'crew' | 'slice' | 'begin' | 'gather' }>;

async function serveExchange(message: ExchangeMessage, job: Job, exchange: SlicedExchange): Promise<void> {
  if (message.kind === 'slice') return exchange.seed(message);
  const due = exchange.dueNetwork(message.weightsVersions);
  if (due !== undefined) {
    await forget(job, due);
    exchange.promote();
  }
  if (message.kind === 'crew') exchange.join(message);
  else if (message.kind === 'begin') exchange.begin(message);
  else exchange.gather(message);
}

async function work(message: Work, job: Job, { link, now }: WorkerOptions): Promise<void> {
  const { generator, discriminator } = job.weights;
  const { kind: _kind, subtrees, images: _images, ...round } = message;
  assert(generator?.version === round.weightsVersions.generator, "the generator's weights came before the work");
  assert(
    discriminator?.version === round.weightsVersions.discriminator,
    "the discriminator's weights came before the work",
  );
  await job.ahead?.stop();
  const startMs = now();
  const aheadMs = job.ahead?.takeMs() ?? 0;
  const waitingMs = Math.max(0, startMs - job.idleSinceMs - aheadMs);
  try {
    const weights = { generator: generator.values, discriminator: discriminator.values };
    const { sums, losses } = await runLease(toolsOf(job), weights, message, (shard) =>
      job.ahead?.take({ ...round, shard }, round.weightsVersions),
    );
    job.idleSinceMs = now();
    const computeMs = job.idleSinceMs - startMs + aheadMs;
    link.send({
      kind: 'contribution',
      ...round,
      subtrees,
      losses,
      computeMs,
      waitingMs,
      sums: job.exchange === undefined ? sums : [],
    });
    job.exchange?.contribute(message, sums);
    setImmediate(prepareNoise, message, job);
    job.ahead?.begin(nextShards(message, job));
  } catch (error) {
    const shard = error instanceof NotFiniteError ? error.shard : subtrees[0].start;
    const reason = error instanceof NotFiniteError ? 'not-finite' : 'engine';
    link.send({ kind: 'failed', ...round, shard, reason, sentence: (error as Error).message.slice(0, 2000) });
  }
}

const toolsOf = ({ units, config, carried, noise, engine: { arithmetic } }: Job) => ({
  units,
  config,
  carried,
  noise,
  arithmetic,
});

/** Behind what this turn of the event loop sends; with shared noise a generator's phase takes that of the phase before it. */
function prepareNoise(done: Work, { config, noise }: Job): void {
  const next = nextPlace(done, config.discriminatorSteps);
  if (next.phase === 'generator' && config.sharedNoise) return;
  noise.prepare(shardsOf(done, config).map(({ shard }) => ({ ...next, shard })));
}

/** The same shards in the next phase, as far as they need the network alone that this phase does not update. */
function nextShards(done: Work, job: Job): AheadShard[] {
  const network = done.phase === 'discriminator' ? 'generator' : 'discriminator';
  const own = job.weights[network];
  // The generator phase's work carries the images of the next phase; none behind the last step.
  if (own === undefined || (network === 'discriminator' && done.images.length === 0)) return [];
  return shardsOf(done, job.config).map(({ shard, images }) => {
    const place = { ...nextPlace(done, job.config.discriminatorSteps), shard };
    return {
      place,
      network,
      version: own.version,
      start: () => startShard(toolsOf(job), network, own.values, place, images),
    };
  });
}

/** Gives back weights that are no longer the newest. What was started with them was for a phase that is over. */
async function forget({ weights, engine, ahead }: Job, network: Network): Promise<void> {
  const old = weights[network];
  await ahead?.stop(network);
  if (old !== undefined) engine.arithmetic.release(old.values);
}
