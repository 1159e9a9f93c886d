/**
 * Compares the star with the sliced exchange over slow cables. The coordinator and four workers are each in a network
 * namespace of their own, connected by virtual cables of 1 Gbit/s. The traffic is encrypted as always, and the units
 * compute nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UserError } from '@lstm-gan/core/errors';
import { median } from '@lstm-gan/run';
import { createNetwork, type Network } from '../../network/network-namespaces.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';

export interface NetworkBenchOptions {
  readonly rounds: number;
}

const rate = '1gbit';
const burst = '256kb';
const workers = 4;

/** Both exchanges take turns. Throws a UserError if this machine allows no network namespaces. */
export async function benchNetwork({ rounds }: NetworkBenchOptions): Promise<Report> {
  const network = await createNetwork({ machines: workers + 1, rate, burst });
  if (network === undefined) {
    throw new UserError({
      code: 'usage',
      message: 'This machine allows no network namespaces.',
      advice: 'They need root, or CAP_NET_ADMIN: try it as root, outside a container.',
    });
  }
  const times = { star: [] as number[], sliced: [] as number[] };
  // Namespaces outlive the process that made them, so they are removed also after an interrupt.
  const leaving = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort());
  try {
    for (let round = 0; round < rounds; round++) {
      for (const exchange of ['star', 'sliced'] as const)
        times[exchange].push(median(await measureSteps(network, exchange, leaving.signal)));
      process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
  } finally {
    await network.remove();
  }
  process.stderr.write('\n');
  const gain = median(times.star.map((ms, k) => ms / times.sliced[k]));
  return {
    lines: [
      `A step of rows-large whose units compute nothing, ${workers} workers and the coordinator on cables of ${rate} each (tbf, burst ${burst}); ${rounds} rounds, milliseconds`,
      '',
      heading(''),
      row('star', times.star, ''),
      row('sliced', times.sliced, `${gain.toFixed(2)} x`),
    ],
    data: {
      rounds,
      workers,
      rate,
      burst,
      gain,
      rows: [spreadOf('star', times.star), spreadOf('sliced', times.sliced)],
    },
  };
}

async function measureSteps(
  { machines: [first, ...others] }: Network,
  exchange: string,
  signal: AbortSignal,
): Promise<number[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-network-'));
  const keyFile = path.join(folder, 'worker.key');
  const coordinator = startScript(first.enter, new URL('exchange-only-coordinator.ts', import.meta.url), [
    `tcp://${first.address}:*`,
    String(workers),
    exchange,
    keyFile,
  ]);
  const children: ChildProcess[] = [];
  const stop = (): void => void coordinator.kill();
  signal.addEventListener('abort', stop);
  try {
    const lines = createInterface({ input: coordinator.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('The coordinator ended; its messages are above.');
      return value as string;
    };
    const address = (await next()).replace('listening ', '');
    for (const [index, { enter }] of others.entries()) {
      const worker = startScript(enter, new URL('exchange-only-worker.ts', import.meta.url), [
        address,
        `worker-${index + 1}`,
        '1',
        keyFile,
      ]);
      // If a worker fails, the coordinator is stopped too. Otherwise it would wait for another worker.
      worker.once('exit', (code) => code === 0 || stop());
      children.push(worker);
    }
    return JSON.parse(await next()) as number[];
  } finally {
    signal.removeEventListener('abort', stop);
    for (const child of [coordinator, ...children])
      if (child.exitCode === null && child.signalCode === null)
        await Promise.race([once(child, 'exit'), killLater(child)]);
    await rm(folder, { recursive: true });
  }
}

/** Kills a process that does not end by itself within five seconds. */
async function killLater(child: ChildProcess): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5000).unref());
  child.kill('SIGKILL');
}

function startScript(enter: readonly string[], script: URL, parameters: readonly string[]): ChildProcess {
  const [program, ...before] = [...enter, process.execPath];
  return spawn(program, [...before, ...process.execArgv, fileURLToPath(script), ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
