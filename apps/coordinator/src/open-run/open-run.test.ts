import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { presets, type Preset } from '@lstm-gan/core';
import { configure, readSettings, writeCheckpoint, type RunConfig } from '@lstm-gan/run';
import { beforeAll, describe, expect, it } from 'vitest';
import { beginRun, foreseeResume, resumeRun, wasInterrupted } from './open-run.ts';
import { readConfigLayers, type ConfigOptions } from './new-run-config.ts';

const small = [
  'model.generator={kind: dense, units: [4]}',
  'model.image.size=8',
  'model.discriminator.filters=[2]',
  'model.latent=2',
  'discriminatorSteps=2',
];
const config: RunConfig = configure(presets.get('digits') as Preset, [readSettings(small)]);

let root: string;
beforeAll(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-open-')), 'run');
  const { folder, initial, takeUp } = await beginRun(root, config);
  takeUp(9);
  for (const step of [2, 3]) await writeCheckpoint(folder.checkpoints, config, { ...initial, step });
  folder.release();
});

const resume = async (options: ConfigOptions) =>
  resumeRun({ root }, await readConfigLayers(options), { onDamaged: () => undefined });

describe('a run is resumed', () => {
  it('with its own configuration, whether the command repeats it or not', async () => {
    for (const options of [
      {},
      { set: small },
      { config: path.join(root, 'config.json') },
      { preset: 'digits', seed: 1 },
    ]) {
      const open = await resume(options);
      open.folder.release();
      expect([open.config, open.initial.step]).toEqual([config, 3]);
    }
  });

  it('from the checkpoint that the command names, which must be sound', async () => {
    const open = await resumeRun(
      { root, checkpoint: path.join(root, 'checkpoints', 'step-00000002.safetensors') },
      [],
      { onDamaged: () => undefined },
    );
    open.folder.release();
    expect(open.initial.step).toBe(2);
    await expect(
      resumeRun({ root, checkpoint: path.join(root, 'config.json') }, [], { onDamaged: () => undefined }),
    ).rejects.toMatchObject({ name: 'UserError' });
  });

  it('without a change to its folder before takeUp is called', async () => {
    const contents = async () => {
      const files = await readdir(root, { recursive: true, withFileTypes: true });
      const paths = files
        .filter((file) => file.isFile())
        .map((file) => path.join(file.parentPath, file.name))
        .sort();
      return Promise.all(paths.map(async (file) => [file, await readFile(file, 'base64')]));
    };
    await writeFile(path.join(root, 'metrics.jsonl'), '{"step":1}\n{"step":2}\n{"step":3}\n');
    const before = await contents();
    const open = await resumeRun(
      { root, checkpoint: path.join(root, 'checkpoints', 'step-00000002.safetensors') },
      [],
      { onDamaged: () => undefined },
    );
    open.folder.release();
    expect(await contents()).toEqual(before);
    const again = await resumeRun({ root }, [], { onDamaged: () => undefined });
    again.takeUp(9);
    again.folder.release();
    expect(again.incarnation).toBe(open.incarnation);
    const next = await resumeRun({ root }, [], { onDamaged: () => undefined });
    next.folder.release();
    expect([next.run, next.incarnation]).toEqual([again.run, again.incarnation + 1]);
  });

  it('by the command that began it if it was interrupted, but not if it came to its end, has another configuration or no checkpoint', async () => {
    expect(await wasInterrupted(root, config)).toBe(true);
    expect(await wasInterrupted(root, { ...config, seed: 9 })).toBe(false);
    const open = await resume({});
    open.takeUp(9);
    open.end(9);
    open.folder.release();
    expect(await wasInterrupted(root, config)).toBe(false);
    const empty = path.join(root, '..', 'empty');
    const { folder, takeUp } = await beginRun(empty, config);
    takeUp(9);
    folder.release();
    expect(await wasInterrupted(empty, config)).toBe(false);
  });

  it('up to the step that was asked for last, which is no part of the configuration', async () => {
    /** Resumes the run, does something with it, and returns the step that had been asked for. */
    const askedStep = async (use: (opened: Awaited<ReturnType<typeof resume>>) => void = () => undefined) => {
      const opened = await resume({});
      use(opened);
      opened.folder.release();
      return opened.askedStep;
    };
    await askedStep(({ takeUp }) => takeUp(600));
    expect(await askedStep(({ end }) => end(700))).toBe(600);
    expect(await askedStep()).toBe(700);
    expect(await readFile(path.join(root, 'config.json'), 'utf8')).not.toMatch(/600|700/);
    await writeFile(path.join(root, 'run.json'), '{"run":"of-an-earlier-version","incarnation":1,"strict":true}\n');
    expect(await askedStep()).toBeUndefined();
  });

  it('as not strict for good, once it admitted workers with other bits', async () => {
    const open = async (isStrict?: boolean) => {
      const opened = await resumeRun({ root }, [], { onDamaged: () => undefined, isStrict });
      opened.takeUp(9);
      opened.folder.release();
      return opened.isStrict;
    };
    expect([await open(), await open(false), await open(true)]).toEqual([true, false, false]);
  });

  it('with its data in another place', async () => {
    const open = await resume({ set: ['data=/elsewhere'] });
    open.folder.release();
    expect(open.config).toEqual({ ...config, data: '/elsewhere' });
  });

  it.each<[ConfigOptions, string]>([
    [{ seed: 9 }, 'seed 1, not 9'],
    [{ preset: 'rows' }, 'preset digits, not rows'],
    [{ channels: 3 }, 'model.image.channels 1, not 3'],
    [
      { set: ['discriminatorSteps=1', 'model.regularizer.kind=none'] },
      'model.regularizer.kind approximate-r1, not none',
    ],
    [
      { set: ['discriminatorSteps=1', 'optimizer.generator.beta1=0'] },
      'discriminatorSteps 2, not 1; optimizer.generator.beta1 0.5, not 0',
    ],
  ])(
    'never with another configuration: %j is refused with the differences, and the folder stays as it is',
    async (options, difference) => {
      await expect(resume(options)).rejects.toMatchObject({
        code: 'config-changed',
        message: expect.stringContaining(difference),
      });
      await expect(foreseeResume({ root }, await readConfigLayers(options))).rejects.toMatchObject({
        code: 'config-changed',
      });
      expect(await readdir(root)).not.toContain('run.lock');
    },
  );
});
