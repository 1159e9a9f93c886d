/**
 * A coordinator and workers, as processes of the built command line. A worker that ends is replaced; a coordinator that
 * is killed is started again.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from '../built-command.ts';
import { endingWithParent } from '../ending-with-parent.ts';
import type { CabledMachine, Network } from '../network/network-namespaces.ts';
import { layWire, type Wire } from './wire.ts';

export interface ClusterOptions {
  /** The run's folder. */
  readonly out: string;
  readonly workers: number;
  /** Options of `lstm-gan coordinator`, its folder among them. */
  readonly parameters: readonly string[];
  readonly cacheDir: string;
  /** Whether workers connect through wires that can be cut. */
  readonly isWired: boolean;
  /** Simulated machines, on which the coordinator and each worker run. Undefined: all of them run on this machine. */
  readonly network: Network | undefined;
}

/** The parts of a worker's connection that can be disturbed. */
interface Connection {
  readonly wire: Wire | undefined;
  readonly cable: CabledMachine | undefined;
}

interface Place extends Connection {
  generation: number;
  child: ChildProcess | undefined;
  /** True while a fault forbids to replace a worker that has ended. */
  isAway: boolean;
}

/** The line that the coordinator writes at its end with --json. */
export interface Summary {
  readonly step: number;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #port: number;
  readonly #places: readonly Place[];
  #coordinator: ChildProcess | undefined;
  #isOver = false;
  #said = '';
  readonly #ended: Promise<Summary>;
  #resolve: (summary: Summary) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  private constructor(options: ClusterOptions, port: number, places: readonly Place[]) {
    this.#options = options;
    this.#port = port;
    this.#places = places;
    this.#ended = new Promise((resolve, reject) => ([this.#resolve, this.#reject] = [resolve, reject]));
  }

  /** Starts the coordinator, and workers as soon as it has made their key. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const port = await freePort();
    const places = await Promise.all(
      Array.from({ length: options.workers }, async (_, k): Promise<Place> => ({
        wire: options.isWired ? await layWire(port) : undefined,
        cable: options.network?.machines[k],
        generation: 0,
        child: undefined,
        isAway: false,
      })),
    );
    const cluster = new Cluster(options, port, places);
    cluster.#startCoordinator();
    while (!existsSync(cluster.#keyFile) && !cluster.#isOver) await delay(50);
    for (const place of places) cluster.#startWorker(place);
    return cluster;
  }

  /**
   * Resolves when the run is over. Rejects if the coordinator ends with an error; a killed coordinator is started
   * again.
   */
  get ended(): Promise<Summary> {
    return this.#ended;
  }

  /** The name of the current worker with this index. A replacement gets the index of the worker that has ended. */
  nameOf(index: number): string {
    return `worker-${index + 1}-${this.#places[index].generation}`;
  }

  signalWorker(index: number, signal: NodeJS.Signals): void {
    this.#places[index].child?.kill(signal);
  }

  connectionOf(index: number): Connection {
    return this.#places[index];
  }

  /**
   * If `isAway` is true, makes a worker leave, and does not replace it. A later call with false starts the replacement.
   */
  setAway(index: number, isAway: boolean): void {
    const place = this.#places[index];
    place.isAway = isAway;
    if (isAway) place.child?.kill('SIGTERM');
    else if (place.child === undefined || !isRunning(place.child)) this.#startWorker(place);
  }

  killCoordinator(): void {
    this.#coordinator?.kill('SIGKILL');
  }

  /** Asks the coordinator to stop after the current step. */
  stop(): void {
    this.#coordinator?.kill('SIGTERM');
  }

  async close(): Promise<void> {
    this.#isOver = true;
    const children = [this.#coordinator, ...this.#places.map(({ child }) => child)].filter(
      (child) => child !== undefined,
    );
    for (const child of children) if (isRunning(child)) child.kill('SIGKILL');
    await Promise.all(children.map(async (child) => isRunning(child) && once(child, 'exit')));
    await Promise.all(this.#places.map(({ wire }) => wire?.close()));
  }

  get #address(): string {
    return `${this.#options.network?.hub.address ?? '127.0.0.1'}:${this.#port}`;
  }

  get #keyFile(): string {
    return path.join(this.#options.out, 'keys', 'worker.key');
  }

  #startCoordinator(): void {
    const { parameters, cacheDir, network } = this.#options;
    const child = this.#spawn(
      network?.hub,
      ['coordinator', ...parameters, '--bind', this.#address, '--cache-dir', cacheDir, '--json'],
      'pipe',
    );
    this.#coordinator = child;
    let text = '';
    child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
    child.once('close', (code, signal) => {
      if (code === 0) {
        this.#isOver = true;
        this.#resolve(JSON.parse(text) as Summary);
      } else if (signal === 'SIGKILL') {
        if (!this.#isOver) this.#startCoordinator();
      } else {
        this.#isOver = true;
        this.#reject(new Error(`The coordinator ended with ${signal ?? `code ${code}`}:\n${this.#said}`));
      }
    });
  }

  #startWorker(place: Place): void {
    if (this.#isOver || place.isAway) return;
    place.generation += 1;
    const name = this.nameOf(this.#places.indexOf(place));
    const address = place.wire?.address ?? `tcp://${this.#address}`;
    const peerAddress = `${place.cable?.address ?? '127.0.0.1'}:*`;
    place.child = this.#spawn(
      place.cable,
      [
        'worker',
        '--connect',
        address,
        '--key-file',
        this.#keyFile,
        '--name',
        name,
        '--peer-address',
        peerAddress,
        '--cache-dir',
        this.#options.cacheDir,
      ],
      'ignore',
    );
    // Replaces an ended worker at once, as a supervisor of processes does.
    place.child.once('exit', () => this.#startWorker(place));
  }

  #spawn(
    machine: { readonly enter: readonly string[] } | undefined,
    parameters: readonly string[],
    stdout: 'pipe' | 'ignore',
  ): ChildProcess {
    const [program, ...before] = endingWithParent([...(machine?.enter ?? []), process.execPath]);
    const child = spawn(program, [...before, command, ...parameters], { stdio: ['ignore', stdout, 'pipe'] });
    child.stderr?.on('data', (part: Buffer) => (this.#said = (this.#said + part.toString()).slice(-8000)));
    return child;
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
