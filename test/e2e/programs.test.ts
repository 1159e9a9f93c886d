/** The programs that run alone, compared with the subcommands of `lstm-gan`. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { lstmGan, programCommand, sourceCommand } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

/** Runs `lstm-gan-NAME`. */
function runAlone(name: 'coordinator' | 'worker', parameters: readonly string[]) {
  return startProcess(programCommand(name, parameters));
}

/** The options and examples of a help text, without the options that every program has. */
function linesOf(help: string): string[] {
  const entries = help.match(/^ {2}[-$].*(\n {3,}.*)*/gm) ?? [];
  return entries
    .map((entry) => entry.replace(/\s+/g, ' ').trim())
    .filter((entry) => !/^(-V, --version|--verbose) /.test(entry))
    .sort();
}

/**
 * Makes the texts of a program, such as `lstm-gan-worker`, and of the equal subcommand, such as `lstm-gan worker`,
 * comparable: replaces the program's name, and the process ID at the end of a worker's default name.
 */
const withoutNames = (name: string, text: unknown): string =>
  String(text).replaceAll(`lstm-gan-${name}`, `lstm-gan ${name}`).replace(/-\d+"/, '-ID"');

/** The coordinator alone cannot evaluate, because `lstm-gan evaluate` is not part of it. */
const evaluates = /^(--metrics|--evaluate-every|--network|--network-range) /;

it.each(['coordinator', 'worker'] as const)(
  'lstm-gan-%s has the options, the examples and the exit codes of the subcommand',
  async (name) => {
    const [alone, subcommand] = [await runAlone(name, ['--help']), await lstmGan([name, '--help'])];
    const lines = linesOf(withoutNames(name, alone.stdout));
    expect(lines.length).toBeGreaterThan(5);
    const expected = linesOf(withoutNames(name, subcommand.stdout));
    expect(lines).toEqual(expected.filter((line) => !evaluates.test(line)));
    expect(expected.length - lines.length).toBe(name === 'coordinator' ? 4 : 0);
    expect([alone.exitCode, subcommand.exitCode]).toEqual([0, 0]);
    const wrong = ['--no-such-option'];
    const [refusedAlone, refused] = [await runAlone(name, wrong), await lstmGan([name, ...wrong])];
    expect([refusedAlone.exitCode, refusedAlone.stderr]).toEqual([2, refused.stderr]);
    expect(refused.exitCode).toBe(2);
  },
);

it('lstm-gan-coordinator pack has the options and the examples of lstm-gan pack', async () => {
  const [alone, subcommand] = [await runAlone('coordinator', ['pack', '--help']), await lstmGan(['pack', '--help'])];
  const lines = linesOf(String(alone.stdout).replaceAll('lstm-gan-coordinator', 'lstm-gan'));
  expect(lines).toEqual(linesOf(String(subcommand.stdout)));
  expect(lines.length).toBeGreaterThan(8);
  expect((await runAlone('coordinator', ['--help'])).stdout).toContain('lstm-gan-coordinator pack --help');
});

it.each([
  ['cli', ['worker', '--help']],
  ['worker', ['--help']],
] as const)('%s %j loads only the command and where TensorFlow is, before TensorFlow', async (app, parameters) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-loaded-'));
  const list = path.join(folder, 'loaded');
  // Writes down every module that is loaded.
  const hooks = `import { appendFileSync } from 'node:fs';
    export function load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + '\\n'); return next(url, context); }`;
  const register = path.join(folder, 'register.mjs');
  await writeFile(
    register,
    `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(hooks).replaceAll("'", '%27')}');`,
  );
  const [node, ...rest] = sourceCommand(app, parameters);
  await startProcess([node, '--import', register, ...rest], { reject: true });
  const ours = (await readFile(list, 'utf8'))
    .split('\n')
    .filter((url) => /\/(apps|packages)\/[a-z-]+\/src\//.test(url));
  expect(ours.some((url) => url.includes('worker-command.ts'))).toBe(true);
  const early =
    /\/apps\/(cli\/src\/main|worker\/src\/(main|command\/[a-z-]+))\.ts|\/packages\/(command-line\/src|engine\/src\/(startup\.ts|tensorflow))/;
  expect(ours.filter((url) => !early.test(url))).toEqual([]);
  expect(ours.length).toBeLessThan(25);
});
