/** Tests that a run which goes wrong says so, with real trainings of a tiny model, and that a sound one stays silent. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { lstmGan } from '../support/command-line.ts';
import { smallTraining } from '../support/small-training.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-health-'));
});

/** Trains, and returns standard output, and the log lines that are warnings or worse. */
async function train(name: string, ...parameters: string[]) {
  const run = path.join(folder, name);
  const { exitCode, stdout, stderr } = await lstmGan(['train', ...smallTraining, '--out', run, ...parameters]);
  expect(exitCode, String(stderr)).toBe(0);
  return { run, report: String(stdout), stderr: String(stderr), warnings: await warningsOf(run) };
}

async function warningsOf(run: string): Promise<Record<string, unknown>[]> {
  return (await linesOf(run, 'log.jsonl')).filter(({ level }) => Number(level) >= 40);
}

async function linesOf(run: string, file: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(path.join(run, file), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const rate = (generator: string, discriminator: string): string[] => [
  ...['--set', `optimizer.generator.learningRate=${generator}`],
  ...['--set', `optimizer.discriminator.learningRate=${discriminator}`],
];

it('a learning rate of 100 diverges: said once, also by the run that goes on, and in each report', async () => {
  const { run, report, stderr, warnings } = await train('diverged', '--steps', '9', ...rate('100', '100'));
  expect(warnings).toMatchObject([
    { level: 40, event: 'diverged', msg: expect.stringMatching(/^The losses have diverged: .* lower learning rates/) },
  ]);
  expect(stderr).toMatch(/WARN: The losses have diverged/);
  expect(stderr).toMatch(/ images\/s {2}diverged/);
  expect(report).toMatch(
    /\nThis training went wrong:\n {2}step \d, \d+ images: The losses have diverged: .*\n {4}Stop the run/,
  );
  const [{ event, step, images }, ...others] = await linesOf(run, 'health.jsonl');
  expect([event, images, others]).toEqual(['diverged', 64 * Number(step), []]);

  const resumed = await lstmGan(['train', '--resume', run, '--steps', '18', '--workers', '1', '--json']);
  expect(JSON.parse(String(resumed.stdout))).toMatchObject({ step: 18, findings: [{ event, step, images }] });
  expect(await warningsOf(run)).toHaveLength(1);
  expect(await linesOf(run, 'health.jsonl')).toHaveLength(1);
});

it('a discriminator that learns alone is ahead', async () => {
  const alone = ['--set', 'model.regularizer.kind=none', ...rate('1e-9', '3e-3')];
  const { report, warnings } = await train('ahead', '--steps', '180', ...alone);
  expect(warnings).toMatchObject([{ event: 'discriminator-ahead' }]);
  expect(report).toContain('The discriminator told real from fake images almost without a mistake');
});

it('a generator whose learning rate is far too high draws one picture for every noise', async () => {
  const { report, warnings, stderr } = await train(
    'one',
    ...['--steps', '170', '--sample-every', '160'],
    ...rate('1', '1e-9'),
  );
  expect(warnings).toMatchObject([{ event: 'one-picture', step: 160, images: 10_240 }]);
  expect(stderr).toMatch(/ {2}one picture/);
  expect(report).toMatch(/the images of the sample grid of step 160 differ by \d\.\d % of/);
});

it('a training that works stays silent', async () => {
  const { report, warnings, stderr } = await train('sound', '--steps', '200', '--sample-every', '40');
  expect([warnings, report]).toEqual([[], expect.not.stringContaining('went wrong')]);
  expect(stderr).toMatch(
    / step 200\/200 {2}12,800 images {2}1\.3 passes {2}.* so far {2}loss D \S+ G \S+ {2}\d+ images\/s {2}healthy/,
  );
});
