/**
 * Measures whether memory grows with the steps: the built command line trains as for any user, with checkpoints,
 * metrics and sample grids, while /proc gives the resident memory of coordinator and worker.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '@lstm-gan/run';
import { command } from '../../built-command.ts';
import type { MemorySample } from '../report/memory-svg.ts';
import type { Report } from '../report/report.ts';

export interface MemoryBenchOptions {
  readonly cacheDir: string;
  readonly steps: number;
}

const sampleMs = 250;
/** Small, so that thousands of steps end within minutes. A leak would grow with the steps, not with the images. */
const batch = 2;
/** Steps before the measurement, in which caches fill and the garbage collector reaches its usual rhythm. */
const warmUpSteps = 1500;

export async function benchMemory({ cacheDir, steps }: MemoryBenchOptions): Promise<Report> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-memory-'));
  const out = path.join(folder, 'run');
  const parameters = [
    'train',
    '--preset',
    'digits',
    '--batch-size',
    String(batch),
    '--shard-size',
    String(batch),
    '--workers',
    '1',
    '--steps',
    String(warmUpSteps + steps),
    '--out',
    out,
    '--cache-dir',
    cacheDir,
    '--json',
  ];
  const child = spawn(process.execPath, [command, ...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
  const ended = once(child, 'exit');
  const samples: MemorySample[] = [];
  while (child.exitCode === null && child.signalCode === null) {
    const sample = takeSample(child.pid ?? 0, path.join(out, 'metrics.jsonl'));
    if (sample !== undefined) samples.push(sample);
    await Promise.race([ended, delay(sampleMs)]);
  }
  await rm(folder, { recursive: true });
  if (child.exitCode !== 0) throw new Error(`The run failed:\n${said}`);
  return reportOf(
    steps,
    samples.filter(({ step }) => step >= warmUpSteps),
  );
}

function takeSample(coordinatorId: number, metrics: string): MemorySample | undefined {
  try {
    const [workerId] = readFileSync(`/proc/${coordinatorId}/task/${coordinatorId}/children`, 'utf8').trim().split(' ');
    const step = Number(/.*"step":(\d+)/s.exec(readFileSync(metrics, 'utf8'))?.[1]);
    return { step, coordinator: residentMegabytes(coordinatorId), worker: residentMegabytes(Number(workerId)) };
  } catch {
    // The worker or the file does not exist yet, or does not exist any more.
    return undefined;
  }
}

function residentMegabytes(processId: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`process ${processId} is gone`);
  return Number(kibibytes) / 1024;
}

function reportOf(steps: number, samples: readonly MemorySample[]): Report {
  const tenth = Math.floor(samples.length / 10);
  const grown = (['coordinator', 'worker'] as const).map((name) => {
    const values = samples.map((sample) => sample[name]);
    const [before, after] = [median(values.slice(0, tenth)), median(values.slice(-tenth))];
    return { name, before, after, growth: after / before - 1, peak: Math.max(...values) };
  });
  return {
    lines: [
      `Resident memory over ${steps} steps of digits, batch ${batch}, one worker, after ${warmUpSteps} other steps; medians of the first and the last tenth, MB`,
      '',
      `${''.padEnd(14)}  before   after    peak  growth`,
      ...grown.map(
        ({ name, before, after, peak, growth }) =>
          `${name.padEnd(14)}${[before, after, peak].map((value) => value.toFixed(0).padStart(8)).join('')}${`${(100 * growth).toFixed(1)} %`.padStart(8)}`,
      ),
    ],
    data: { steps, batch, processes: grown, samples: thin(samples) },
  };
}

/** About a hundred samples for a picture, in whole megabytes. */
function thin(samples: readonly MemorySample[]): MemorySample[] {
  const every = Math.ceil(samples.length / 100);
  return samples
    .filter((_, k) => k % every === 0)
    .map(({ step, coordinator, worker }) => ({
      step,
      coordinator: Math.round(coordinator),
      worker: Math.round(worker),
    }));
}
