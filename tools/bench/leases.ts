/**
 * What leases, the tree and all checks cost: a real coordinator and one worker over the local link, beside a plain loop in one
 * process on the same engine, with the same shards, the same sum and the same Adam.
 */
import { fileURLToPath } from 'node:url';
import type { Preset, VectorArithmetic } from '@lstm-gan/core';
import { createRunConfig, median } from '@lstm-gan/run';
import { startAsked } from './asked-process.ts';
import { startPacedRun } from './paced-run.ts';
import { heading, row, spreadOf, type Report } from './report.ts';

export interface LeasesBenchOptions {
  readonly preset: Preset;
  readonly cacheDir: string;
  readonly arithmetic: VectorArithmetic;
  /** Images an iteration, in four shards. */
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
}

const warmUpRounds = 2;
const stepsPerTurn = 5;

/** In every round each runs some steps in turn, while the other is blocked at a pipe or a socket. */
export async function benchLeases({ preset, cacheDir, arithmetic, batch, threads, rounds }: LeasesBenchOptions): Promise<Report> {
  const shardSize = Math.max(1, Math.floor(batch / 4));
  const config = createRunConfig(preset, { batchSize: batch, shardSize, threads });
  const run = startPacedRun({ config, arithmetic, cacheDir, cores: [undefined], turns: rounds + warmUpRounds, stepsPerTurn });
  const script = fileURLToPath(new URL('own-step-process.ts', import.meta.url));
  const loop = await startAsked(process.execPath, [...process.execArgv, script, preset.name, String(batch), String(shardSize), String(threads)]);
  const [whole, plain]: [number[], number[]] = [[], []];
  for (let round = -warmUpRounds; round < rounds; round++) {
    const turn = await run.next();
    const times: number[] = [];
    for (let k = 0; k < stepsPerTurn; k++) times.push(await loop.step());
    process.stderr.write(`\rround ${round + warmUpRounds + 1} of ${rounds + warmUpRounds} `);
    if (round < 0) continue;
    whole.push(median(turn.map(({ stepMs }) => stepMs)));
    plain.push(median(times));
  }
  process.stderr.write('\n');
  await loop.close();
  await run.finish();
  const cost = median(whole.map((ms, k) => ms / plain[k])) - 1;
  return {
    lines: [
      `One step of ${preset.name}, batch ${batch} in shards of ${shardSize}, ${threads} threads; ${rounds} rounds, milliseconds`,
      '',
      heading('cost'),
      row('a plain loop in one process', plain, ''),
      row('coordinator and a worker', whole, `${(100 * cost).toFixed(1)} %`),
    ],
    data: { rounds, batch, shardSize, threads, cost, rows: [spreadOf('plain loop', plain), spreadOf('coordinator and a worker', whole)] },
  };
}
