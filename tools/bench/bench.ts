/** `npm run bench`: measures this machine, ours beside what one would use otherwise. */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { presets, type Preset } from '@lstm-gan/core';
import { defaultCacheDir, loadNativeArithmetic, locateTensorFlow } from '@lstm-gan/engine';
import { benchExchange } from './exchange.ts';
import type { Report } from './report.ts';
import { benchStartup } from './startup.ts';
import { benchScaling } from './scaling.ts';
import { benchStep } from './step.ts';

const usage = `npm run bench -- [step | exchange] [options]

step (what it is without a word): one iteration, ours, in stock tfjs layers, and in PyTorch where there is a Python for it
  --batch N      images an iteration (16)
  --rounds N     rounds that count, at least 7 (9); two more come first
  --threads N    threads for each (2)
  --peer-python PYTHON
                 a Python with PyTorch: measures it too, eager and compiled

exchange: a step with real coordinator, workers and links, whose units compute nothing
  --rounds N     as above
  --workers LIST how many workers (1,2)

  --json         one line of JSON instead of a table

The model is the preset rows-large: generator 5,850,947 parameters, discriminator 675,265, 64x64 RGB. One iteration is a
discriminator step on real and fake images, Adam, a generator step, Adam.
`;

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`Expected a whole number from ${least}, got ${text}.`);
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        batch: { type: 'string', default: '16' },
        rounds: { type: 'string', default: '9' },
        threads: { type: 'string', default: '2' },
        workers: { type: 'string', default: '1,2' },
        'peer-python': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

async function measure(name: string, values: ReturnType<typeof readOptions>['values']): Promise<Report> {
  const cacheDir = defaultCacheDir(process.env, os.homedir());
  const preset = presets.get('rows-large') as Preset;
  const rounds = wholeNumber(values.rounds, 7);
  if (name === 'step') {
    return benchStep({ preset, cacheDir, rounds, batch: wholeNumber(values.batch, 1), threads: wholeNumber(values.threads, 1), peerPython: values['peer-python'] });
  }
  if (name === 'startup') return benchStartup({ preset, cacheDir, rounds, batch: wholeNumber(values.batch, 1), arithmetic: loadNativeArithmetic((await locateTensorFlow(cacheDir, 'cpu'))!, 1), peerPython: values['peer-python'] });
  if (name === 'scaling') return benchScaling({ preset, cacheDir, rounds, batch: wholeNumber(values.batch, 1), arithmetic: loadNativeArithmetic((await locateTensorFlow(cacheDir, 'cpu'))!, 2), peerPython: values['peer-python'] });
  if (name !== 'exchange') return refuse(`There is no benchmark ${name}.`);
  const provisioned = await locateTensorFlow(cacheDir, 'cpu');
  if (provisioned === undefined) throw new Error('Bug: the benchmark runs without TensorFlow');
  const workers = values.workers.split(',').map((count) => wholeNumber(count, 1));
  return benchExchange({ preset, rounds, workers, arithmetic: loadNativeArithmetic(provisioned, Math.min(4, os.availableParallelism())) });
}

const { values, positionals } = readOptions();
if (values.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
const [name = 'step'] = positionals;
const machine = `${os.cpus()[0]?.model ?? 'unknown'}, ${os.availableParallelism()} cores, Node ${process.versions.node}, TensorFlow 2.21.0`;
const { lines, data } = await measure(name, values);
process.stdout.write(values.json === true ? `${JSON.stringify({ benchmark: name, machine, ...data })}\n` : `${[machine, ...lines].join('\n')}\n`);
