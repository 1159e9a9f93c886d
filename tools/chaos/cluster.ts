/** A coordinator and workers, as processes of the built command line, which come again when they are gone. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from '../built-command.ts';
import { layWire, type Wire } from './wire.ts';

export interface ClusterOptions {
  /** The run's folder. */
  readonly out: string;
  readonly workers: number;
  /** Options of `lstm-gan coordinator`. */
  readonly parameters: readonly string[];
  readonly cacheDir: string;
  /** Whether workers are reached by wires that can be cut. */
  readonly isWired: boolean;
}

interface Place {
  readonly wire: Wire | undefined;
  generation: number;
  child: ChildProcess | undefined;
}

/** What the coordinator writes at its end with --json. */
export interface Summary {
  readonly step: number;
  readonly weightsSha256: string;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #port: number;
  readonly #places: readonly Place[];
  #coordinator: ChildProcess | undefined;
  #isOver = false;
  #said = '';
  #summary: Summary | undefined;
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
    const places = await Promise.all(Array.from({ length: options.workers }, async (): Promise<Place> => ({ wire: options.isWired ? await layWire(port) : undefined, generation: 0, child: undefined })));
    const cluster = new Cluster(options, port, places);
    cluster.#startCoordinator();
    while (!existsSync(cluster.#keyFile) && !cluster.#isOver) await delay(50);
    for (const place of places) cluster.#startWorker(place);
    return cluster;
  }

  /** Resolves when the run is over; rejects when the coordinator ends without a result by itself. */
  get ended(): Promise<Summary> {
    return this.#ended;
  }

  get workers(): readonly string[] {
    return this.#places.map((_, index) => this.nameOf(index));
  }

  /** Of the worker that has a place now. */
  nameOf(index: number): string {
    return `worker-${index + 1}-${this.#places[index].generation}`;
  }

  signalWorker(index: number, signal: NodeJS.Signals): void {
    this.#places[index].child?.kill(signal);
  }

  wireOf(index: number): Wire | undefined {
    return this.#places[index].wire;
  }

  killCoordinator(): void {
    this.#coordinator?.kill('SIGKILL');
  }

  /** Asks it to stop behind the step in work. */
  stop(): void {
    this.#coordinator?.kill('SIGTERM');
  }

  async close(): Promise<void> {
    this.#isOver = true;
    const children = [this.#coordinator, ...this.#places.map(({ child }) => child)].filter((child) => child !== undefined);
    for (const child of children) if (isRunning(child)) child.kill('SIGKILL');
    await Promise.all(children.map(async (child) => isRunning(child) && once(child, 'exit')));
    await Promise.all(this.#places.map(({ wire }) => wire?.close()));
  }

  get #keyFile(): string {
    return path.join(this.#options.out, 'keys', 'worker.key');
  }

  #startCoordinator(): void {
    const { out, parameters, cacheDir } = this.#options;
    const child = this.#spawn(['coordinator', ...parameters, '--bind', `127.0.0.1:${this.#port}`, '--out', out, '--cache-dir', cacheDir, '--json'], 'pipe');
    this.#coordinator = child;
    let text = '';
    child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
    child.once('close', (code, signal) => {
      if (code === 0) {
        this.#isOver = true;
        this.#summary = JSON.parse(text) as Summary;
        this.#resolve(this.#summary);
      } else if (signal === 'SIGKILL') {
        if (!this.#isOver) this.#startCoordinator();
      } else {
        this.#isOver = true;
        this.#reject(new Error(`The coordinator ended with ${signal ?? `code ${code}`}:\n${this.#said}`));
      }
    });
  }

  #startWorker(place: Place): void {
    if (this.#isOver) return;
    place.generation += 1;
    const name = this.nameOf(this.#places.indexOf(place));
    const address = place.wire?.address ?? `tcp://127.0.0.1:${this.#port}`;
    place.child = this.#spawn(['worker', '--connect', address, '--key-file', this.#keyFile, '--name', name, '--peer-address', '127.0.0.1:*', '--cache-dir', this.#options.cacheDir], 'ignore');
    // As a supervisor does: whoever is gone is replaced at once.
    place.child.once('exit', () => this.#startWorker(place));
  }

  #spawn(parameters: readonly string[], stdout: 'pipe' | 'ignore'): ChildProcess {
    const child = spawn(process.execPath, [command, ...parameters], { stdio: ['ignore', stdout, 'pipe'] });
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
