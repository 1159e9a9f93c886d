/** What a command prints to be typed again works when it is typed. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]'];

let folder: string;
beforeAll(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-typed-')), "it's a b#c $HOME");
});

/** Runs a printed line in a shell. */
function type(line: string) {
  const program = commandLine([])
    .map((word) => `'${word}'`)
    .join(' ');
  return startProcess(['bash', '-c', line.replace('npx lstm-gan', program)], { cwd: root });
}

const printedLine = (text: unknown, pattern: RegExp): string => pattern.exec(String(text))?.[1] ?? 'no such line';

it('train, in a folder whose name a shell would change', async () => {
  const out = path.join(folder, 'train');
  const { stdout } = await lstmGan(['train', ...model, '--steps', '2', '--workers', '1', '--out', out]);
  const again = await type(printedLine(stdout, /To continue:\n {2}(.*)\n/));
  expect([again.exitCode, again.stdout]).toEqual([0, expect.stringContaining('Finished step 4')]);
});

it('coordinator and worker', async () => {
  const out = path.join(folder, 'coordinator');
  const join = (text: string) => type(printedLine(text, /^ {2}(npx lstm-gan worker .*)$/m));
  const trainWith = async (coordinator: ReturnType<typeof lstmGan>) => {
    let text = '';
    let worker: ReturnType<typeof type> | undefined;
    coordinator.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/lstm-gan worker .*\n/.test(text)) worker ??= join(text);
    });
    const { exitCode, stdout } = await coordinator;
    expect([exitCode, (await worker)?.exitCode]).toEqual([0, 0]);
    return String(stdout);
  };
  const first = await trainWith(
    lstmGan(['coordinator', ...model, '--steps', '2', '--bind', '127.0.0.1:*', '--out', out]),
  );
  const line = printedLine(first, /To continue:\n {2}(npx lstm-gan coordinator .*)\n/);
  expect(await trainWith(type(line))).toContain('Finished step 4');
});
