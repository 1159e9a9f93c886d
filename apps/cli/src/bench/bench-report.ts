/** The report of `bench`, as plain data and as text. */
import { median, type RunConfig, type StepMetrics } from '@lstm-gan/run';
import type { Measurement } from '@lstm-gan/coordinator/program';

/** The median, the least and the greatest value of a quantity over all measured steps. */
interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly node: string;
}

export interface BenchReport {
  readonly machine: Machine & { readonly tensorflow: string };
  readonly config: Pick<RunConfig, 'preset' | 'batchSize' | 'shardSize' | 'engine'>;
  readonly workers: number;
  /** The number of threads of each worker. */
  readonly threads: number;
  readonly steps: number;
  readonly imagesPerSecond: Spread;
  /**
   * Times are in milliseconds: the whole step, its two phases, and three parts of the work. The parts overlap, so their
   * sum may be larger than the step.
   */
  readonly stepMs: Spread;
  readonly discriminatorMs: Spread;
  readonly generatorMs: Spread;
  readonly computeMs: Spread;
  readonly exchangeMs: Spread;
  readonly updateMs: Spread;
}

export function benchReport(
  machine: Machine,
  config: RunConfig,
  { workers, threads }: Pick<BenchReport, 'workers' | 'threads'>,
  { tensorflow, steps }: Measurement,
): BenchReport {
  const spread = (of: (step: StepMetrics) => number): Spread => {
    const values = steps.map(of);
    return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  };
  const { preset, batchSize, shardSize, engine } = config;
  return {
    machine: { ...machine, tensorflow },
    config: { preset, batchSize, shardSize, engine },
    workers,
    threads,
    steps: steps.length,
    imagesPerSecond: spread(({ imagesPerSecond }) => imagesPerSecond),
    stepMs: spread(({ stepMs }) => stepMs),
    discriminatorMs: spread(({ phaseMs }) => phaseMs.discriminator),
    generatorMs: spread(({ phaseMs }) => phaseMs.generator),
    computeMs: spread(({ computeMs }) => computeMs),
    exchangeMs: spread(({ exchangeMs }) => exchangeMs),
    updateMs: spread(({ updateMs }) => updateMs),
  };
}

/** Returns the report as lines of text. */
export function benchText(report: BenchReport): string[] {
  const { machine, config, workers, threads, steps, imagesPerSecond } = report;
  const { preset, batchSize, shardSize, engine } = config;
  const row = (name: string, { median: middle, min, max }: Spread): string =>
    `${name.padEnd(26)}${[middle, min, max].map((value) => value.toFixed(0).padStart(8)).join('')}`;
  return [
    `${preset}, batch ${batchSize} in shards of ${shardSize}, workers ${workers}, threads ${threads}, ${engine} engine, ${steps} steps`,
    `${machine.processor}, ${machine.cores} cores, Node ${machine.node}, TensorFlow ${machine.tensorflow}`,
    '',
    `${'milliseconds'.padEnd(26)}${['median', 'min', 'max'].map((name) => name.padStart(8)).join('')}`,
    row('step', report.stepMs),
    row("  discriminator's phase", report.discriminatorMs),
    row("  generator's phase", report.generatorMs),
    row('computing, busiest worker', report.computeMs),
    row('update', report.updateMs),
    row('neither', report.exchangeMs),
    '',
    row('images/s', imagesPerSecond),
  ];
}
