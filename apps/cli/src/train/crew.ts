/** Who computes for a run, and how they are reached: workers of our own on this machine, or whoever joins from elsewhere. */
import { findGpus } from '@lstm-gan/command-line/devices';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '@lstm-gan/core';
import type { NativeArithmetic } from '@lstm-gan/engine';
import { startLocalWorkers } from '@lstm-gan/launch';
import type { Logger, RunFolder } from '@lstm-gan/run';
import {
  createCoordinatorLink,
  createKeyPair,
  openRunKeys,
  type CoordinatorLink,
  type Exchange,
  type Limits,
} from '@lstm-gan/transport';

/** Who computes, and how to reach them. */
export interface Crew {
  readonly link: CoordinatorLink;
  readonly exchange: Exchange;
  /** Aborted when nobody is left who could compute, and nobody will come; the reason is a sentence about the last of them. */
  readonly gone: AbortSignal;
  /** Told before the run ends: whoever leaves from now on is no loss. */
  expectEnd(): void;
  /** Waits until nobody is left, once the link is closed. */
  dismissed(): Promise<void>;
}

interface CrewContext {
  /** Of a batch: more workers than that have no work. */
  readonly shardCount: number;
  /** That each worker computes with. */
  readonly threads: number;
  readonly folder: Pick<RunFolder, 'root'>;
  readonly log: Logger;
  readonly arithmetic: NativeArithmetic;
  /** How large a message of a worker may be. */
  readonly limits: Limits;
}

export type GatherCrew = (context: CrewContext) => Promise<Crew>;

export interface LocalCrewOptions {
  /** As many as asked for; otherwise one for each GPU or core in use, as far as there are shards. */
  readonly workers: number | undefined;
  readonly atMost: number;
  readonly device: 'cpu' | 'gpu';
  readonly cacheDir: string;
  /** Whether each worker keeps to cores of its own, where there are enough. */
  readonly pin: boolean;
  readonly exchange?: ExchangeChoice;
}

/** Workers of our own, over a socket in a folder of our own: no port, no keys, no encryption to pay for. */
export function localCrew({ workers, atMost, device, cacheDir, pin, exchange = 'auto' }: LocalCrewOptions): GatherCrew {
  return async ({ shardCount, threads, folder, log, arithmetic, limits }) => {
    const count = workers ?? Math.min(atMost, shardCount);
    const socketFolder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-'));
    const bind = `ipc://${socketFolder}/coordinator`;
    const link = await createCoordinatorLink({
      bind,
      keys: createKeyPair(),
      isAuthorized: () => false,
      memory: arithmetic,
      limits,
      onNotice: (sentence) => log.warn(sentence),
    });
    const gone = new AbortController();
    let ending = false;
    const children = startLocalWorkers({
      // This very command, started again as `worker`.
      command: [process.execPath, ...process.execArgv, process.argv[1], 'worker'],
      count,
      address: link.address,
      device,
      gpus: findGpus(),
      threads,
      pin,
      cacheDir,
      logFolder: folder.root,
      onExit(sentence, left) {
        if (ending) return;
        // The last one's is in the error that follows.
        log[left === 0 ? 'debug' : 'warn'](sentence);
        if (left === 0) gone.abort(sentence);
      },
    });
    const { processIds, processors } = children;
    log.info({ processIds, processors }, `${count} local workers started.`);
    return {
      link,
      exchange: chooseExchange(exchange, link.address),
      gone: gone.signal,
      expectEnd: () => void (ending = true),
      async dismissed() {
        await children.stopped();
        await rm(socketFolder, { recursive: true, force: true });
      },
    };
  };
}

export type ExchangeChoice = Exchange | 'auto';

/**
 * Sliced where workers are reached over a network, as then the coordinator's line is what everybody waits for. On one machine
 * nothing is gained by sending everything to everybody.
 */
function chooseExchange(choice: ExchangeChoice, address: string): Exchange {
  if (choice !== 'auto') return choice;
  return /^(ipc:|tcp:\/\/(127\.|localhost))/.test(address) ? 'star' : 'sliced';
}

/** The error of a run that ended too early because its own workers did. */
export function workersGone(root: string, { reason }: AbortSignal): UserError {
  return new UserError({
    code: 'workers-gone',
    message: `All local workers have ended, and nothing is left that could compute. ${String(reason)}`,
    advice: `The ends of ${root}/worker-*.log say more; the last checkpoint is intact.`,
  });
}

const revocationMs = 1000;

/** Whoever connects with a join key of the run, whenever that is. */
export function joiningCrew(address: string, exchange: ExchangeChoice): GatherCrew {
  const bind = bindAddress(address);
  return async ({ folder, log, arithmetic, limits }) => {
    const { server, workerKeyFile, isAuthorized, takeRevoked } = await openRunKeys(path.join(folder.root, 'keys'));
    const link = await createCoordinatorLink({ bind, keys: server, isAuthorized, memory: arithmetic, limits });
    const keyFile =
      workerKeyFile === undefined
        ? 'FILE   # all keys are revoked: lstm-gan keys makes new ones'
        : path.resolve(workerKeyFile);
    const command = `npx lstm-gan worker --connect ${reachableAddress(link.address)} --key-file ${keyFile}`;
    log.info(
      `Listening at ${link.address}. On every machine that is to compute, with a copy of the key file:\n  ${command}`,
    );
    // Keys are asked for at the door alone.
    const revocations = setInterval(() => {
      try {
        if (!takeRevoked()) return;
      } catch (error) {
        // A folder that cannot be read for a moment revokes nobody.
        return log.warn(`The keys of the run cannot be read: ${(error as Error).message}`);
      }
      log.warn('A key that somebody joined with was revoked: all workers have to join again.');
      void link.renew();
    }, revocationMs);
    return {
      link,
      exchange: chooseExchange(exchange, link.address),
      gone: new AbortController().signal,
      expectEnd: () => undefined,
      dismissed: async () => clearInterval(revocations),
    };
  };
}

/** `HOST:PORT` or `tcp://HOST:PORT` as ZeroMQ takes it. */
function bindAddress(text: string): string {
  const address = text.includes('://') ? text : `tcp://${text}`;
  if (/^tcp:\/\/[\w.*-]+:(\d{1,5}|\*)$/.test(address)) return address;
  throw new UserError({
    code: 'usage',
    message: `A coordinator binds to HOST:PORT; got ${text}.`,
    advice: 'For example --bind 127.0.0.1:5577, or --bind 0.0.0.0:5577 for every network of this machine.',
  });
}

/** What a worker elsewhere connects to: of "all networks", the first one that leads out of this machine. */
function reachableAddress(address: string): string {
  if (!address.startsWith('tcp://0.0.0.0:')) return address;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  return address.replace('0.0.0.0', outside?.address ?? hostname());
}
