/** The same model in PyTorch, in Python processes of their own that do an iteration when asked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAsked } from './asked-process.ts';

/** How PyTorch is asked to compute: what makes it faster on some machines, and slower on others. */
export interface TorchOptions {
  /** Through torch.compile. */
  readonly compile: boolean;
  /** Images and filters in memory format channels_last. */
  readonly channelsLast: boolean;
}

export interface TorchPeer {
  /** With PyTorch's version and its options. */
  readonly name: string;
  /** Milliseconds of one iteration, by its own clock. */
  step(): Promise<number>;
  close(): Promise<void>;
}

export interface TorchPeerOptions extends TorchOptions {
  /** A Python that has PyTorch. */
  readonly python: string;
  readonly batch: number;
  readonly threads: number;
}

const script = fileURLToPath(new URL('torch_step.py', import.meta.url));

/** All of them; the fastest is what a benchmark compares with. */
export const torchOptions: readonly TorchOptions[] = [false, true].flatMap((compile) =>
  [false, true].map((channelsLast) => ({ compile, channelsLast })),
);

const flagsOf = ({ compile, channelsLast }: TorchOptions): string[] => [
  ...(compile ? ['--compile'] : []),
  ...(channelsLast ? ['--channels-last'] : []),
];
const namesOf = ({ compile, channelsLast }: TorchOptions): string =>
  `${compile ? ', compiled' : ''}${channelsLast ? ', channels last' : ''}`;

/** Throws when the Python cannot be started, or has no PyTorch. */
export async function startTorchPeer({ python, batch, threads, ...options }: TorchPeerOptions): Promise<TorchPeer> {
  const { greeting, step, close } = await startAsked(python, [
    script,
    '--batch',
    String(batch),
    '--threads',
    String(threads),
    ...flagsOf(options),
  ]);
  return { name: `${greeting}${namesOf(options)}`, step, close };
}

export interface TorchGroupOptions extends TorchOptions {
  readonly python: string;
  /** Images of each process. */
  readonly batch: number;
  /** The core that each process keeps to. */
  readonly cores: readonly number[];
}

/** DistributedDataParallel over gloo, a process a core, each on one thread; an iteration takes what the slowest takes. */
export async function startTorchGroup({ python, batch, cores, ...options }: TorchGroupOptions): Promise<TorchPeer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-ddp-'));
  const parameters = [
    script,
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
      startAsked('taskset', ['--cpu-list', String(core), python, ...parameters, '--rank', String(rank)], { env }),
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
  /** Of each process; all get the sums. */
  readonly numbers: number;
}

/** What PyTorch sums gradients up with between processes: gloo's all-reduce, and nothing else. It takes what the slowest takes. */
export async function startGloo({ python, processes, numbers }: GlooOptions): Promise<TorchPeer> {
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
      startAsked(python, [...parameters, '--rank', String(rank)], { env }),
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

/** Of some ways to compute the one with the fastest iteration of three; the others are closed again. */
export async function startFastest(ways: readonly (() => Promise<TorchPeer>)[]): Promise<TorchPeer> {
  let best: { readonly peer: TorchPeer; readonly ms: number } | undefined;
  for (const start of ways) {
    const peer = await start();
    const times: number[] = [];
    for (let k = 0; k < trialSteps; k++) times.push(await peer.step());
    const ms = Math.min(...times);
    process.stderr.write(`${peer.name}: ${ms.toFixed(0)} ms\n`);
    const slower = best === undefined || ms < best.ms ? best?.peer : peer;
    if (slower !== peer) best = { peer, ms };
    await slower?.close();
  }
  if (best === undefined) throw new Error('Bug: there is no way to choose from');
  return best.peer;
}

/** The first one compiles. */
const trialSteps = 3;
