/**
 * The cost of leases, the tree and all checks: a real coordinator and one worker over the local link, compared with a
 * plain loop in one process on the same engine, with the same shards, the same sum and the same Adam.
 */
import type { Preset } from '@lstm-gan/core';
import type { VectorArithmetic } from '@lstm-gan/core/optimizer';
import { createRunConfig, median } from '@lstm-gan/run';
import { startPlainLoop } from '../baselines/start-plain-loop.ts';
import { startPacedRun } from './paced-run.ts';
import { heading, row, spreadOf, type Report } from '../report/report.ts';

export interface LeasesBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly arithmetic: VectorArithmetic;
  /** Images an iteration, in four shards. */
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
}

const warmUpTurns = 2;
const turns = 6;
const stepsPerTurn = 5;

/**
 * Every round starts both programs again. They run some steps in turn; while one runs, the other is blocked at a pipe
 * or a socket. They are started again because the speed of a process depends, for its whole life, on the addresses of
 * its memory. This effect is larger than the difference that is measured here.
 */
export async function benchLeases(options: LeasesBenchOptions): Promise<Report> {
  const { preset, batch, threads, rounds } = options;
  const shardSize = Math.max(1, Math.floor(batch / 4));
  const [whole, plain]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    const times = await measureOnce(options, shardSize);
    whole.push(times.whole);
    plain.push(times.plain);
  }
  process.stderr.write('\n');
  const costs = whole.map((ms, k) => ms / plain[k] - 1);
  const cost = median(costs);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return {
    lines: [
      `One step of ${preset.name}, batch ${batch} in shards of ${shardSize}, ${threads} threads; ${rounds} rounds, milliseconds`,
      '',
      heading('cost'),
      row('a plain loop in one process', plain, ''),
      row('coordinator and a worker', whole, percent(cost)),
      '',
      `The rounds' costs: ${costs
        .sort((a, b) => a - b)
        .map(percent)
        .join(', ')}.`,
    ],
    data: {
      rounds,
      batch,
      shardSize,
      threads,
      cost,
      costs,
      rows: [spreadOf('plain loop', plain), spreadOf('coordinator and a worker', whole)],
    },
  };
}

async function measureOnce(
  { preset, cacheDir, arithmetic, batch, threads }: LeasesBenchOptions,
  shardSize: number,
): Promise<{ whole: number; plain: number }> {
  const config = createRunConfig(preset, { batchSize: batch, shardSize });
  const run = startPacedRun({
    config,
    arithmetic,
    cacheDir,
    cores: [undefined],
    threads,
    turns: warmUpTurns + turns,
    stepsPerTurn,
  });
  const loop = await startPlainLoop({ preset, batch, shardSize, threads });
  const [whole, plain]: [number[], number[]] = [[], []];
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    const steps = (await run.next()).map(({ stepMs }) => stepMs);
    const times: number[] = [];
    for (let k = 0; k < stepsPerTurn; k++) times.push(await loop.step());
    if (turn < 0) continue;
    whole.push(...steps);
    plain.push(...times);
  }
  await loop.close();
  await run.finish();
  return { whole: median(whole), plain: median(plain) };
}
