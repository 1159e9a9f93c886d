/**
 * `npm run quality`: trains by a plan, with several seeds, and evaluates the averaged generator on the way. What is done
 * is not done again: interrupted, the same command goes on where it stopped.
 */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '@lstm-gan/core/errors';
import { defaultCacheDir } from '@lstm-gan/engine';
import { requireBuild } from '../built-command.ts';
import { plans, type QualityPlan } from './plans.ts';
import { tableOf, type Measured, type QualityRow } from './quality-table.ts';
import { trainOnPoints } from './train-points.ts';
import { trainAndEvaluate, trainInTorch } from './train-runs.ts';

const usage = `npm run quality -- PLAN [options]

${Object.entries(plans)
  .map(([name, plan]) => `  ${name.padEnd(16)}${whatIs(plan)}`)
  .join('\n')}

  --seeds LIST   one training for each seed (1)
  --samples N    samples for each evaluation (2000)
  --workers N    worker processes (one for each core, as in lstm-gan train)
  --data NAME|FOLDER
                 other images than the plan's
  --peer-python PYTHON
                 a Python that has PyTorch, numpy and pillow: trains the same configuration there instead, after the
                 plan has been trained with lstm-gan
  --out FOLDER   where the runs are (runs/quality)
  --help

The table at the end has the mean over the seeds, and the least and the greatest value. Each row is kept in
OUT/PLAN/results.jsonl, or OUT/PLAN-torch/results.jsonl.
`;

function whatIs({ about, train }: QualityPlan): string {
  return typeof train === 'string' ? about : `${about}: ${train.join(' ')}`;
}

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
const folder = path.join(values.out, values['peer-python'] === undefined ? name : `${name}-torch`);
const cacheDir = defaultCacheDir(process.env, os.homedir());
if (values['peer-python'] !== undefined && typeof plan.train === 'string')
  refuse(`The plan ${name} is not compared with PyTorch.`);
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
        'peer-python': { type: 'string' },
        out: { type: 'string', default: path.join('runs', 'quality') },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

async function readRows(): Promise<QualityRow[]> {
  if (!existsSync(resultsFile)) return [];
  const lines = (await readFile(resultsFile, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as QualityRow);
}

async function measure(seed: number, images: number): Promise<Measured> {
  const { train } = plan;
  const { samples, workers, data, 'peer-python': python } = values;
  if (typeof train === 'string')
    return trainOnPoints({ mixture: train, seed, points: images, samples: Number(samples), cacheDir });
  const run = path.join(values.out, name, `seed-${seed}`);
  const training = { run, train, seed, images, samples, workers, data };
  if (python === undefined) return trainAndEvaluate(training);
  return trainInTorch({ python, cacheDir, out: path.join(folder, `seed-${seed}`) }, training);
}

async function main(): Promise<void> {
  requireBuild();
  await mkdir(folder, { recursive: true });
  const rows = await readRows();
  for (const seed of seeds) {
    for (const images of plan.images) {
      if (rows.some((row) => row.seed === seed && row.images === images)) continue;
      const row: QualityRow = { seed, images, ...(await measure(seed, images)) };
      rows.push(row);
      await appendFile(resultsFile, `${JSON.stringify(row)}\n`);
    }
  }
  const machine = `${os.availableParallelism()} cores, ${os.cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
  process.stdout.write(`${path.basename(folder)}: ${whatIs(plan)}; seeds ${seeds.join(', ')}; ${machine}\n\n`);
  process.stdout.write(`${tableOf(rows.filter(({ seed }) => seeds.includes(seed))).join('\n')}\n`);
}

await main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n${error.advice}\n`);
  process.exit(1);
});
