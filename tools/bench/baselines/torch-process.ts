/** The model of lstm-gan in PyTorch, run by stepping processes of Python. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Preset } from '@lstm-gan/core';
import { startSteppingProcess } from './stepping-process.ts';

/** Options of PyTorch that make it faster on some machines and slower on others. */
export interface TorchOptions {
  /** Whether the networks go through torch.compile. */
  readonly compile: boolean;
  /** Whether images and filters have the memory format channels_last. */
  readonly channelsLast: boolean;
}

export interface TorchProcess {
  /** Names PyTorch's version and its options. */
  readonly name: string;
  /** Runs one iteration; resolves to its milliseconds, by the process's own clock. */
  step(): Promise<number>;
  close(): Promise<void>;
}

export interface TorchProcessOptions extends TorchOptions {
  readonly preset: Preset;
  /** A Python that has PyTorch. */
  readonly python: string;
  readonly batch: number;
  readonly threads: number;
}

const script = fileURLToPath(new URL('../../torch/time_steps.py', import.meta.url));

/** All combinations; benchmarks compare with the fastest. */
export const torchOptions: readonly TorchOptions[] = [false, true].flatMap((compile) =>
  [false, true].map((channelsLast) => ({ compile, channelsLast })),
);

const flagsOf = ({ compile, channelsLast }: TorchOptions): string[] => [
  ...(compile ? ['--compile'] : []),
  ...(channelsLast ? ['--channels-last'] : []),
];
const namesOf = ({ compile, channelsLast }: TorchOptions): string =>
  `${compile ? ', compiled' : ''}${channelsLast ? ', channels last' : ''}`;

const configOf = (preset: Preset): string[] => ['--config', JSON.stringify(preset)];

/** Rejects if the Python cannot be started, has no PyTorch, or cannot compute the preset in PyTorch. */
export async function startTorchProcess({
  preset,
  python,
  batch,
  threads,
  ...options
}: TorchProcessOptions): Promise<TorchProcess> {
  const parameters = [...['--batch', String(batch)], ...['--threads', String(threads)], ...flagsOf(options)];
  const { greeting, step, close } = await startSteppingProcess(python, [script, ...configOf(preset), ...parameters]);
  return { name: `${greeting}${namesOf(options)}`, step, close };
}

export interface TorchGroupOptions extends TorchOptions {
  readonly preset: Preset;
  readonly python: string;
  /** Images for each process. */
  readonly batch: number;
  /** The core that each process is pinned to; one process for each entry. */
  readonly cores: readonly number[];
}

/**
 * Starts DistributedDataParallel over gloo, one process with one thread on each core. The time of an iteration is that
 * of the slowest process.
 */
export async function startTorchGroup({
  preset,
  python,
  batch,
  cores,
  ...options
}: TorchGroupOptions): Promise<TorchProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-ddp-'));
  const parameters = [
    script,
    ...configOf(preset),
    '--batch',
    String(batch),
    '--threads',
    '1',
    ...flagsOf(options),
    '--world',
    String(cores.length),
    '--meet',
    path.join(folder, 'meet'),
  ];
  const env = { ...process.env, GLOO_SOCKET_IFNAME: 'lo' };
  const members = await Promise.all(
    cores.map((core, rank) =>
      startSteppingProcess('taskset', ['--cpu-list', String(core), python, ...parameters, '--rank', String(rank)], {
        env,
      }),
    ),
  );
  return {
    name: `${members[0].greeting}, DDP over gloo${namesOf(options)}`,
    step: async () => Math.max(...(await Promise.all(members.map((member) => member.step())))),
    async close() {
      await Promise.all(members.map((member) => member.close()));
      await rm(folder, { recursive: true });
    },
  };
}

export interface GlooOptions {
  readonly python: string;
  readonly processes: number;
  /** Number of float32 values in each process; every process gets the sums. */
  readonly numbers: number;
}

/**
 * Starts processes that only run gloo's all-reduce, with which PyTorch sums gradients between processes. The time is
 * that of the slowest process.
 */
export async function startGloo({ python, processes, numbers }: GlooOptions): Promise<TorchProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-gloo-'));
  const file = fileURLToPath(new URL('gloo_all_reduce.py', import.meta.url));
  const parameters = [
    file,
    '--numbers',
    String(numbers),
    '--world',
    String(processes),
    '--meet',
    path.join(folder, 'meet'),
  ];
  const env = { ...process.env, GLOO_SOCKET_IFNAME: 'lo' };
  const members = await Promise.all(
    Array.from({ length: processes }, (_, rank) =>
      startSteppingProcess(python, [...parameters, '--rank', String(rank)], { env }),
    ),
  );
  return {
    name: `${members[0].greeting}'s all-reduce, ${processes} processes`,
    step: async () => Math.max(...(await Promise.all(members.map((member) => member.step())))),
    async close() {
      await Promise.all(members.map((member) => member.close()));
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Tries the given processes: starts each, runs three iterations, and resolves to the process with the fastest
 * iteration. Closes the others.
 */
export async function startFastest(forms: readonly (() => Promise<TorchProcess>)[]): Promise<TorchProcess> {
  let best: { readonly peer: TorchProcess; readonly ms: number } | undefined;
  for (const start of forms) {
    const peer = await start();
    const times: number[] = [];
    for (let k = 0; k < trialSteps; k++) times.push(await peer.step());
    const ms = Math.min(...times);
    process.stderr.write(`${peer.name}: ${ms.toFixed(0)} ms\n`);
    const slower = best === undefined || ms < best.ms ? best?.peer : peer;
    if (slower !== peer) best = { peer, ms };
    await slower?.close();
  }
  if (best === undefined) throw new Error('Bug: there is no form to choose from');
  return best.peer;
}

/** Iterations of each trial. More than one, because the first iteration compiles. */
const trialSteps = 3;
