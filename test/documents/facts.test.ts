/** Compares what the documents state with the sources: error codes and their sentences, traffic, links, scripts. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { countParameters, createLayouts, presets, type Preset } from '@lstm-gan/core';
import { readsPairs } from '@lstm-gan/core/step';
import { configure, readSettings } from '@lstm-gan/run';
import { rejectReasons } from '@lstm-gan/transport';
import { execa } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { blocksOf, documents, parseError } from '../support/documents.ts';

const textOf = (name: string): string => documents.get(`docs/${name}.md`) as string;

it('every link of a document leads to a file', () => {
  const broken = [...documents].flatMap(([file, text]) => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, target]) => target)
      .filter((target) => !/^\w+:/.test(target));
    return targets
      .filter((target) => !existsSync(path.join(root, path.dirname(file), target)))
      .map((target) => `${file}: ${target}`);
  });
  expect(broken).toEqual([]);
});

it('every file and folder of the checkout that a document names in code style exists', () => {
  const folders = ['apps', 'docs', 'packages', 'test', 'tools'];
  const existing = folders.flatMap((folder) => [folder, ...entriesBelow(folder)]);
  const known = new Set([...existing, ...existing.map((entry) => path.basename(entry))]);
  // A path from the root, such as packages/core/src/index.ts or test/e2e/*.ts, or the name of a source file, such as
  // index.ts.
  const isPath = (span: string): boolean =>
    (span.includes('/') && folders.includes(span.split('/')[0])) || /^[\w.-]+\.(?:ts|mjs|cc|h|py)$/.test(span);
  const named = [...documents].flatMap(([file, text]) =>
    [...text.matchAll(/`([^`\s]+)`/g)].map(([, span]) => ({ file, name: span.replace(/\/([^/]*\*.*)?$/, '') })),
  );
  const paths = named.filter(({ name }) => isPath(name));
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter(({ name }) => !known.has(name))).toEqual([]);
});

/** Paths of the files and folders below a folder, from the root; without generated ones. */
function entriesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'dist', 'runs'].includes(name))
    .flatMap((entry) => {
      const place = `${folder}/${entry.name}`;
      return entry.isDirectory() ? [place, ...entriesBelow(place)] : [place];
    });
}

it('every document is linked from README', () => {
  const readme = documents.get('README.md') as string;
  expect([...documents.keys()].filter((file) => file !== 'README.md' && !readme.includes(`](${file})`))).toEqual([]);
});

describe('troubleshooting', () => {
  const sources = ['apps', 'packages'].flatMap((rooms) =>
    readdirSync(path.join(root, rooms)).flatMap((room) => {
      const folder = path.join(root, rooms, room, 'src');
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        (file) => file.endsWith('.ts') && !/\.test\.ts$|testing\//.test(file),
      );
      return files.map((file) => readFileSync(path.join(folder, file), 'utf8'));
    }),
  );
  // The sources write `${whom}` in a sentence about the other end of a connection; users see the word `coordinator`
  // there. The sources write a long sentence as several strings that are joined by `+`.
  const all = sources
    .join('\n')
    .replaceAll(/\$\{(this\.#)?whom\}/g, 'coordinator')
    .replaceAll(/['`"] \+\s*['`"]/g, '');
  const rows = [...textOf('troubleshooting').matchAll(/^\| `([a-z0-9-]+)` \| (.+?) \| .+ \|$/gm)].map(
    ([, code, sentence]) => ({ code, sentence }),
  );

  /** Returns the codes of every UserError. Throws if this function cannot read the code of one of them. */
  function codesOf(text: string): string[] {
    const errors = [...text.matchAll(/new UserError\(\s*(?:\{\s*code(?:: ('[^']+'|`[^`]+`))?,|(\w+)[()])/g)];
    if (errors.length !== text.split('new UserError(').length - 1)
      throw new Error(`a UserError whose code cannot be read:\n${text}`);
    const refused = [
      ...text.matchAll(/refuse\(\s*'([a-z][a-z-]+)',\s/g),
      ...text.matchAll(/const code = .* \? '([a-z-]+)' : '([a-z-]+)'/g),
      ...text.matchAll(/(?:abort\(state, |return )\{\s*code: (?:\w+ \? '([a-z-]+)' : )?'([a-z-]+)'/g),
    ].flatMap(([, ...codes]) => codes.filter((code) => code !== undefined));
    return [...errors.flatMap(([, code]) => (code === undefined ? [] : [code.slice(1, -1)])), ...refused].flatMap(
      expand,
    );
  }

  const expand = (code: string): string[] =>
    code === 'rejected-${reason}' ? rejectReasons.map((reason) => `rejected-${reason}`) : [code];

  it('has a row for every error code, and none for a code that does not exist', () => {
    const codes = new Set(sources.flatMap(codesOf));
    expect(codes.size).toBeGreaterThan(50);
    expect([...new Set(rows.map(({ code }) => code))].sort()).toEqual([...codes].sort());
  });

  it('quotes sentences as they are in the sources', () => {
    const wrong = rows.filter(({ sentence }) =>
      sentence.split('…').some((part) => !all.includes(part.trim().replaceAll('\\|', '|'))),
    );
    expect(wrong).toEqual([]);
  });
});

it('the recurrent generators have the numbers of parameters that their page states', () => {
  const rows = [...textOf('recurrent-generators').matchAll(/^\| .+ \| `(\{.*\})` \| ([\d,]+) \|/gm)];
  expect(rows.length).toBeGreaterThan(7);
  for (const [, change, parameters] of rows) {
    const { model } = configure(presets.get('rows') as Preset, [readSettings([`model.generator=${change}`])]);
    expect(countParameters(createLayouts(model).generator).toLocaleString('en'), change).toBe(parameters);
  }
});

describe('several machines', () => {
  it('states the bytes that travel in a step of each preset', () => {
    const table = [...presets.values()].map(({ name, model, batchSize, discriminatorSteps: k }) => {
      const { generator, discriminator } = createLayouts(model);
      const { size, channels } = model.image;
      const bytes = 4 * (generator.size + k * discriminator.size);
      const batches = k + (readsPairs(model) ? 2 : 1);
      const megabytes = [bytes, batches * batchSize * size * size * channels].map((value) => (value / 1e6).toFixed(2));
      const cells = [
        `\`${name}\``,
        ...[generator.size, discriminator.size].map((count) => count.toLocaleString('en')),
        ...megabytes,
        ((4 * 8 * bytes) / 1e6).toFixed(0),
      ];
      return `| ${cells.join(' | ')} |`;
    });
    expect(textOf('several-machines')).toContain(`| --- |\n${table.join('\n')}\n\n`);
  });

  describe('has a Slurm script', () => {
    let folder: string;
    /** The parameters of each call of the programs that the script calls. */
    const calls = async () =>
      (await readFile(path.join(folder, 'calls'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split('\0').slice(0, -1));
    /** Writes a program that notes its parameters, and then does what `script` says. */
    const replace = (name: string, script: string) => {
      const note = `printf '%s\\0' ${name} "$@" >> calls; echo >> calls`;
      return writeFile(path.join(folder, name), `#!/bin/bash\n${note}\n${script}\n`, { mode: 0o755 });
    };
    beforeEach(async () => {
      const [script] = blocksOf(textOf('several-machines'), 'bash');
      folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-slurm-'));
      await writeFile(path.join(folder, 'job.sh'), script);
      await execa('bash', ['-n', 'job.sh'], { cwd: folder });
      await replace('scontrol', '');
      // Without its own options, srun runs the command.
      await replace('srun', 'while [[ $1 == --* ]]; do shift; done; "$@"');
    });

    /** Lets the coordinator write what the script waits for, and then do what `script` says. */
    const coordinate = (script: string) =>
      replace(
        'lstm-gan',
        `if [[ $1 == coordinator ]]; then
          mkdir -p runs/photos/keys runs/photos/checkpoints
          touch runs/photos/checkpoints/step-00000001.safetensors
          echo key > runs/photos/keys/worker.key
          ${script}
        fi`,
      );
    const startJob = () =>
      execa('bash', ['job.sh'], {
        cwd: folder,
        env: { PATH: `${folder}:${process.env['PATH']}`, SLURM_JOB_ID: '32007', SLURM_CPUS_PER_TASK: '2' },
        reject: false,
      });

    it('that bash runs, with commands that the program accepts at the first start and at a restart', async () => {
      await coordinate('');
      for (let start = 0; start < 2; start++) expect((await startJob()).exitCode).toBe(0);
      const programs = (await calls()).filter(([program]) => program === 'lstm-gan').map(([, ...words]) => words);
      expect(programs.map(([command, option]) => [command, option]).sort()).toEqual([
        ['coordinator', '--preset'],
        ['coordinator', '--resume'],
        ['worker', '--connect'],
        ['worker', '--connect'],
      ]);
      for (const words of programs) expect(await parseError(words), words.join(' ')).toBeUndefined();
      // Coordinator and workers have the port of this job.
      for (const words of programs) expect(words.filter((word) => word.endsWith(':28007'))).toHaveLength(1);
      const steps = (await calls()).filter(([program]) => program === 'srun');
      expect(steps[0].slice(1, 4)).toEqual(['--cpus-per-task=2', '--no-kill', '--kill-on-bad-exit=0']);
    });

    it.each([
      ['that reached its end', 'exit 0', 0, false],
      ['that was stopped before', 'exit 75', 75, true],
      ['that has failed', 'exit 1', 1, false],
      ['that was interrupted before it began', 'exit 130', 130, false],
    ])('that asks for another turn only after a run %s', async (_, script, exitCode, isRequeued) => {
      await coordinate(script);
      expect((await startJob()).exitCode).toBe(exitCode);
      const requeued = (await calls()).filter(([program]) => program === 'scontrol');
      expect(requeued).toEqual(isRequeued ? [['scontrol', 'requeue', '32007']] : []);
    });

    it('that passes its signal on to the coordinator, and waits for it', async () => {
      await coordinate(
        `trap 'sleep 0.3; echo stopped >> calls; exit 75' TERM; touch ready; while :; do sleep 0.1; done`,
      );
      const job = startJob();
      while (!existsSync(path.join(folder, 'ready')) || !(await calls()).some(([program]) => program === 'srun'))
        await delay(20);
      job.kill('SIGTERM');
      expect((await job).exitCode).toBe(75);
      const written = (await readFile(path.join(folder, 'calls'), 'utf8')).trim();
      expect(written.endsWith(['stopped\nscontrol', 'requeue', '32007', ''].join('\0')), written).toBe(true);
    });
  });
});
