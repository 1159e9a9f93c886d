import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { addCacheDir, cacheDirOf, positiveInteger, type CacheOptions } from '@lstm-gan/command-line';
import { chooseDevice, findGpus, type DeviceChoice } from '@lstm-gan/command-line/devices';
import { createProgressDisplay, provisionWithProgress } from '@lstm-gan/command-line/terminal';
import { findPreset, localWorkerCount, localWorkers, measureSteps } from '@lstm-gan/coordinator/program';
import { loadNativeArithmetic } from '@lstm-gan/engine';
import { createRunConfig, type RunConfig } from '@lstm-gan/run';
import { Option, type Command } from 'commander';
import { benchReport, benchText } from '../bench/bench-report.ts';
import { workerCommand } from '../worker-command.ts';

interface BenchOptions extends CacheOptions {
  readonly preset: string;
  readonly steps: number;
  readonly batchSize?: number;
  readonly shardSize?: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly device: DeviceChoice;
  readonly engine?: RunConfig['engine'];
  readonly json?: boolean;
}

const examples = `
Examples:
  $ lstm-gan bench
  $ lstm-gan bench --preset rows --workers 1 --threads 2     # one worker of two threads, or two of one?
  $ lstm-gan bench --preset article --batch-size 64 --json

Times whole steps of training, everything included, with local workers on made-up images. Keeps nothing,
except the logs of workers that failed.`;

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description('time steps of training on this machine')
    .option('--preset <name>', 'complete configuration to time', 'digits')
    .option('--steps <count>', 'steps to measure, after five that are not measured', positiveInteger, 20)
    .option('--batch-size <images>', "images per step (default: the preset's)", positiveInteger)
    .option('--shard-size <images>', "images per shard (default: the preset's)", positiveInteger)
    .option('--workers <count>', 'worker processes (default: 2, or one for each GPU)', positiveInteger)
    .option('--threads <count>', 'threads of each worker (default: 1)', positiveInteger)
    .addOption(new Option('--device <kind>', 'what workers compute on').choices(['auto', 'cpu', 'gpu']).default('auto'))
    .addOption(new Option('--engine <name>', 'how units are executed (default: graph)').choices(['graph', 'eager']))
    .option('--json', 'print one line of JSON instead of a table')
    .addHelpText('after', examples);
  addCacheDir(command).action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  const { steps, batchSize, shardSize, threads = 1, engine } = options;
  const config = createRunConfig(findPreset(options.preset), { batchSize, shardSize, engine });
  const now = () => performance.now();
  const cacheDir = cacheDirOf(options);
  const gpus = findGpus();
  const device = chooseDevice(options.device, gpus.length);
  if (device === 'gpu') await provisionWithProgress(cacheDir, 'gpu', now);
  const workers = localWorkerCount({ workers: options.workers, device, gpus }, config.batchSize / config.shardSize);
  const provisioned = await provisionWithProgress(cacheDir, 'cpu', now);
  const display = createProgressDisplay('Timing', process.stderr, now);
  const measurement = await measureSteps({
    config,
    steps,
    gatherWorkers: localWorkers({ workerCommand, workers, threads, device, gpus, cacheDir, pin: true }),
    arithmetic: loadNativeArithmetic(provisioned, Math.min(4, os.availableParallelism())),
    now,
    onStep: (done, total) => display.update(done, total, `step ${done} of ${total}`),
  }).finally(() => display.stop());
  const machine = {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    node: process.versions.node,
  };
  const report = benchReport(machine, config, { workers, threads }, measurement);
  process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${benchText(report).join('\n')}\n`);
}
