/**
 * `npm run quality`: trains by a plan, with several seeds, and evaluates the averaged generator on the way. What is done
 * is not done again: interrupted, the same command goes on where it stopped.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { UserError } from '@lstm-gan/core/errors';
import { command, requireBuild } from '../built-command.ts';
import { plans, type QualityPlan } from './plans.ts';
import { tableOf, type QualityRow } from './quality-table.ts';

const usage = `npm run quality -- PLAN [options]

${Object.entries(plans)
  .map(([name, { about, train }]) => `  ${name.padEnd(16)}${about}: ${train.join(' ')}`)
  .join('\n')}

  --seeds LIST   one training for each seed (1)
  --samples N    samples for each evaluation (2000)
  --workers N    worker processes (one for each core, as in lstm-gan train)
  --data NAME|FOLDER
                 other images than the plan's
  --out FOLDER   where the runs are (runs/quality)
  --help

The table at the end has the mean over the seeds, and the least and the greatest value. Each row is kept in
OUT/PLAN/results.jsonl.
`;

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

const { values, positionals } = parse();
const [name = ''] = positionals;
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
if (positionals.length !== 1 || !Object.hasOwn(plans, name))
  refuse(`Name one plan; got ${positionals.join(' ') || 'none'}.`);
const plan = plans[name] as QualityPlan;
const seeds = values.seeds.split(',').map(Number);
if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0))
  refuse(`--seeds takes whole numbers; got ${values.seeds}.`);
const folder = path.join(values.out, name);
const resultsFile = path.join(folder, 'results.jsonl');

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seeds: { type: 'string', default: '1' },
        samples: { type: 'string', default: '2000' },
        workers: { type: 'string' },
        data: { type: 'string' },
        out: { type: 'string', default: path.join('runs', 'quality') },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

/** Runs lstm-gan and returns the last line that it prints, which is JSON. */
async function lstmGan(...parameters: string[]): Promise<Record<string, unknown>> {
  process.stderr.write(`lstm-gan ${parameters.join(' ')}\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...parameters], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Record<string, unknown>;
}

/** Trains a run up to a number of images, from its newest checkpoint if it has one. */
async function train(run: string, seed: number, images: number): Promise<void> {
  const how = [
    '--images',
    String(images),
    '--json',
    ...(values.workers === undefined ? [] : ['--workers', values.workers]),
  ];
  const data = values.data === undefined ? [] : ['--data', values.data];
  if (existsSync(path.join(run, 'config.json'))) await lstmGan('train', '--resume', run, ...how);
  else await lstmGan('train', ...plan.train, ...data, '--seed', String(seed), '--out', run, ...how);
}

async function readRows(): Promise<QualityRow[]> {
  if (!existsSync(resultsFile)) return [];
  const lines = (await readFile(resultsFile, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as QualityRow);
}

async function main(): Promise<void> {
  requireBuild();
  await mkdir(folder, { recursive: true });
  const rows = await readRows();
  for (const seed of seeds) {
    const run = path.join(folder, `seed-${seed}`);
    for (const images of plan.images) {
      if (rows.some((row) => row.seed === seed && row.images === images)) continue;
      await train(run, seed, images);
      const { results } = await lstmGan('evaluate', run, '--samples', values.samples, '--json');
      const { progress } = await lstmGan('inspect', run, '--json');
      const { trainingMs } = progress as { trainingMs: number };
      const row = { seed, images, minutes: trainingMs / 60_000, results: results as QualityRow['results'] };
      rows.push(row);
      await appendFile(resultsFile, `${JSON.stringify(row)}\n`);
    }
  }
  const machine = `${os.availableParallelism()} cores, ${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  process.stdout.write(`${name}: ${plan.train.join(' ')}; seeds ${seeds.join(', ')}; ${machine}\n\n`);
  process.stdout.write(`${tableOf(rows.filter(({ seed }) => seeds.includes(seed))).join('\n')}\n`);
}

await main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.advice}\n`);
  process.exit(1);
});
