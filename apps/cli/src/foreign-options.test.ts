/** Options that people bring from other programs are answered with ours. */
import { runCommandLine } from '@lstm-gan/command-line';
import { readSettings } from '@lstm-gan/run';
import { afterEach, expect, it, vi } from 'vitest';
import { createWholeProgram } from './program.ts';

// Each call of the program listens to these.
for (const emitter of [process, process.stdout, process.stderr]) emitter.setMaxListeners(100);

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Returns what the program writes to standard error about a command line; runs no command. */
async function complaintAbout(...parameters: string[]): Promise<string> {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  const program = createWholeProgram('0');
  for (const command of program.commands) command.action(() => undefined);
  await runCommandLine(parameters, () => program);
  return text;
}

const rate = (value: string) =>
  `--set optimizer.generator.learningRate=${value} --set optimizer.discriminator.learningRate=${value}`;

it.each([
  ['train --n_epochs 100', '--epochs 100'],
  ['train --kimg=25000', '--images 25000k'],
  ['train --max-steps 9', '--steps 9'],
  ['train --lr 0.001', rate('0.001')],
  ['train --lr', rate('VALUE')],
  ['train --size 128', '--set model.image.size=128'],
  ['coordinator --resolution 128', '--set model.image.size=128'],
  ['train --gpus 2', '--device gpu'],
  ['train --batch 32', '--batch-size 32'],
  ['train --batch_size 32', '--batch-size 32'],
  ['train --batchSize=32', '--batch-size 32'],
  ['bench --batch 32', '--batch-size 32'],
  ['train --batch-gpu 8', '--shard-size 8'],
  ['train --outdir results', '--out results'],
  ['sample --outdir results', '--out-dir results'],
  ['train --name mine', '--out runs/mine'],
  ['train --snap 50', '--sample-every STEPS --checkpoint-every SECONDS'],
  ['train --gamma 10', "--set 'model.regularizer={kind: r1, gamma: 10}'"],
  ['train --lambda_gp 10', "--set 'model.regularizer={kind: gradient-penalty, lambda: 10}'"],
  ['train --aug ada', "--set 'model.augment={colour: true, translation: 0.125, cutout: 0.5}'"],
  ['train --mbstd-group 4', '--set model.discriminator.minibatchDeviation=4'],
  ['train --cfg stylegan2', '--preset NAME'],
  ['train --dataroot ./photos', '--data ./photos'],
  ['train --dataroot "my photos"', "--data 'my photos'"],
  ['train --mirror 1', '--flip'],
  ['train --cond 1', '--set model.condition.kind=label'],
  ['train --n_critic 5', '--set discriminatorSteps=5'],
  ['train --manualSeed 3', '--seed 3'],
  ['train --ckpt x.safetensors', '--resume x.safetensors'],
  ['sample --network x.safetensors', 'RUN, without an option'],
  ['sample --num_images 9', '--count 9'],
  ['coordinator --port 5577', '--bind 0.0.0.0:5577'],
])('%s', async (line, ours) => {
  const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
  const [command] = words;
  const [first, second] = (await complaintAbout(...words)).split('\n');
  expect(first).toBe(`error: unknown option '${words[1].split('=')[0]}'`);
  expect(second).toBe(`Here it is ${ours}`);
  // The program accepts what it names.
  const typed = (ours.match(/'[^']*'|[^\s']+/g) ?? []).map((word) =>
    word.replaceAll("'", '').replace(/VALUE|STEPS|SECONDS/, '1'),
  );
  if (typed[0].startsWith('--')) {
    const known = createWholeProgram('0').commands.find((candidate) => candidate.name() === command);
    expect(known?.options.map(({ long }) => long)).toContain(typed[0]);
  }
  expect(() => readSettings(typed.filter((_, i) => typed[i - 1] === '--set'))).not.toThrow();
});

it.each(['steps', 'images', 'epochs', 'stopWhen', 'workers', 'threads', 'device', 'out', 'resume', 'keep', 'exchange'])(
  'answers the key %s of a configuration with an option of train',
  (key) => {
    const advice = `Leave it out, and give the command the option --${key === 'stopWhen' ? 'stop-when' : key}.`;
    expect(() => readSettings([`${key}=1`])).toThrow(expect.objectContaining({ advice }) as Error);
    const train = createWholeProgram('0').commands.find((command) => command.name() === 'train');
    expect(train?.options.map(({ long }) => long)).toContain(/--[\w-]+/.exec(advice)?.[0]);
  },
);

it.each([
  ['train --wandb', 'lstm-gan inspect draws them'],
  ['coordinator --gpus 4', 'lstm-gan worker has the option --device'],
  ['sample --trunc 0.7', 'not truncated'],
  ['train --seed 1,2', 'Give the command once for each seed.'],
  ['train --worker 2', 'Did you mean --workers?'],
  ['train --colour', "unknown option '--colour'"],
])('%s: %s', async (line, sentence) => {
  expect(await complaintAbout(...line.split(' '))).toContain(sentence);
  expect(process.exitCode).toBe(2);
});
