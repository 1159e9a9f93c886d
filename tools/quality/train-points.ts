import { openEngine } from '@lstm-gan/engine';
import { createPlainLoop } from '../bench/baselines/plain-loop.ts';
import { drawPoints, judgePoints, mixtures, pointsConfig, type MixtureName } from './points.ts';
import type { Measured } from './quality-table.ts';

export interface PointsOptions {
  readonly mixture: MixtureName;
  readonly seed: number;
  /** How many points are trained on. */
  readonly points: number;
  /** How many points are drawn and judged. */
  readonly samples: number;
  readonly cacheDir: string;
}

/** Trains on the points of a mixture, in this process, and judges the averaged generator at the end. */
export async function trainOnPoints({ mixture, seed, points, samples, cacheDir }: PointsOptions): Promise<Measured> {
  const engine = await openEngine('graph', { threads: 1, device: 'cpu', cacheDir });
  const modes = mixtures[mixture];
  const config = pointsConfig(seed, points);
  const loop = await createPlainLoop(engine, config, { images: 'float32' });
  const steps = points / config.batchSize;
  let trainingMs = 0;
  for (let step = 1; step <= steps; step++) {
    const { totalMs } = await loop.step(drawPoints(modes, seed, step));
    trainingMs += totalMs;
    if (step % 100 === 0) process.stderr.write(`\r${mixture}, seed ${seed}: step ${step}/${steps} `);
  }
  process.stderr.write('\n');
  const { found, near } = await judgePoints(engine, loop.state, { seed, modes, count: samples });
  await engine.close();
  return { minutes: trainingMs / 60_000, results: { [`modes_${mixture}`]: found, [`near_${mixture}`]: near } };
}
