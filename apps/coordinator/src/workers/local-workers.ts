/** Workers that the coordinator starts on its own machine. */
import { startLocalWorkers } from '@lstm-gan/launch';
import { atExit } from '@lstm-gan/system';
import { createCoordinatorLink, createKeyPair } from '@lstm-gan/transport';
import { chooseExchange, type ExchangeChoice } from './choose-exchange.ts';
import type { GatherWorkers } from './run-workers.ts';
import { createScratchFolder } from './scratch-folder.ts';

interface LocalWorkersChoice {
  /** The program that runs as a worker, and its first parameters. */
  readonly workerCommand: readonly string[];
  /** How many workers to start; by default two, or one for each GPU, but not more than a batch has shards. */
  readonly workers: number | undefined;
  readonly device: 'cpu' | 'gpu';
  /** Names of this machine's GPUs. */
  readonly gpus: readonly string[];
  /** The number of threads that each worker computes with. Default: 1, because the other cores have workers too. */
  readonly threads?: number;
  readonly cacheDir: string;
  /** Whether each worker gets cores of its own, if there are enough. */
  readonly pin: boolean;
  readonly exchange?: ExchangeChoice;
}

/**
 * Starts workers that connect to a socket file in a folder of this user. This needs no port, no keys and no encryption.
 */
export function localWorkers(choice: LocalWorkersChoice): GatherWorkers {
  const { workerCommand, device, gpus, threads = 1, cacheDir, pin, exchange = 'auto' } = choice;
  return async ({ shardCount, root, log, arithmetic, limits, modelFile }) => {
    const count = localWorkerCount(choice, shardCount);
    const socketFolder = createScratchFolder({ socket: `peer-worker-${count}` });
    const link = await createCoordinatorLink({
      bind: `ipc://${socketFolder.path}/coordinator`,
      keys: createKeyPair(),
      isAuthorized: () => false,
      memory: arithmetic,
      limits,
      onNotice: (sentence) => log.warn(sentence),
    });
    const gone = new AbortController();
    let endExpected = false;
    try {
      const { processIds, processors, end, stopped } = startLocalWorkers({
        command: workerCommand,
        count,
        address: link.address,
        device,
        gpus,
        threads,
        pin,
        cacheDir,
        modelFile,
        logFolder: root,
        onExit(sentence, left) {
          if (endExpected) return;
          // The sentence about the last worker's exit is not logged as a warning, because the error that ends the run
          // repeats the sentence.
          log[left === 0 ? 'debug' : 'warn'](sentence);
          if (left === 0) gone.abort(sentence);
        },
      });
      // If this process is interrupted, workers that have not joined yet would look for it for a while.
      const forgetWorkers = atExit(end);
      log.info({ processIds, processors }, `${count} local workers started.`);
      return {
        link,
        exchange: chooseExchange(exchange, link.address),
        gone: gone.signal,
        expectEnd: () => void (endExpected = true),
        async ended() {
          await stopped();
          forgetWorkers();
          socketFolder.remove();
        },
      };
    } catch (error) {
      await link.close();
      socketFolder.remove();
      throw error;
    }
  };
}

/** Returns how many local workers a run starts. */
export function localWorkerCount(
  { workers, device, gpus }: Pick<LocalWorkersChoice, 'workers' | 'device' | 'gpus'>,
  shardCount: number,
): number {
  return workers ?? Math.min(device === 'gpu' ? gpus.length : 2, shardCount);
}

/** Says how many local workers a run starts, and what they compute on: `2 on this machine (CPU, 1 thread each)`. */
export function describeLocalWorkers(
  choice: Pick<LocalWorkersChoice, 'workers' | 'device' | 'gpus' | 'threads'>,
  shardCount: number,
): string {
  const { device, gpus, threads = 1 } = choice;
  const computesOn =
    device === 'gpu' ? `GPU ${gpus.join(', ')}` : `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'} each`;
  return `${localWorkerCount(choice, shardCount)} on this machine (${computesOn})`;
}
