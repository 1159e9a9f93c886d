import path from 'node:path';
import { findRun } from '@lstm-gan/coordinator/program';
import { UserError } from '@lstm-gan/core/errors';
import { isRun, shellWord } from '@lstm-gan/run';
import { addJoinKey, createRunKeys, hasServerKey, listJoinKeys, revokeJoinKey } from '@lstm-gan/transport';
import type { Command } from 'commander';

const examples = `
Examples:
  $ lstm-gan keys runs/rows                      # the key files that let workers join
  $ lstm-gan keys runs/rows --create             # keys for a run that begins later: runs/rows/keys/worker.key
  $ lstm-gan keys runs/rows --add node-7         # one more key, for one machine: runs/rows/keys/node-7.key
  $ lstm-gan keys runs/rows --revoke node-7      # no worker can join with it any more
  $ lstm-gan keys runs/rows --revoke worker      # the same for the key that was made with the run

A running coordinator notices a new key at once, and a revoked one within a second. The workers that have joined with
the revoked key then end, with exit code 2. The others keep their connections and go on.`;

export function addKeys(program: Command): void {
  program
    .command('keys <run>')
    .description('make, list, add and revoke the keys with which workers join a run')
    .option('--create', 'make the keys before the coordinator is started; keys that exist stay')
    .option('--add <name>', 'make a key file of that name')
    .option('--revoke <name>', 'from now on refuse workers with the key of that name')
    .addHelpText('after', examples)
    .action(keys);
}

interface KeysOptions {
  readonly create?: true;
  readonly add?: string;
  readonly revoke?: string;
}

async function keys(run: string, { create, add, revoke }: KeysOptions): Promise<void> {
  const { root } = await findRun(run);
  const folder = path.join(root, 'keys');
  const isNew = create === true && (await createRunKeys(folder));
  const isListOnly = create === undefined && add === undefined && revoke === undefined;
  if (isListOnly && listJoinKeys(folder).length === 0) throw noKeys(root);
  if (add !== undefined && !hasServerKey(folder)) throw noKeys(root);
  if (revoke !== undefined) await revokeJoinKey(folder, revoke);
  if (add !== undefined) await addJoinKey(folder, add);
  process.stdout.write(
    listJoinKeys(folder)
      .map(({ name, file }) => `${name.padEnd(20)} ${file}\n`)
      .join(''),
  );
  if (create === true) process.stderr.write(isNew ? await nextSteps(root) : `${root} has keys already. They stay.\n`);
}

/** Says what to do with new keys. */
async function nextSteps(root: string): Promise<string> {
  const start = (await isRun(root)) ? '--resume' : '--out';
  return `Give every worker a copy of such a file, but not of coordinator.key. The keys are used by:
  lstm-gan coordinator ${start} ${shellWord(root)} --bind 0.0.0.0:5577\n`;
}

function noKeys(root: string): UserError {
  return new UserError({
    code: 'key-file',
    message: `${root} has no keys with which workers could join.`,
    advice: `lstm-gan coordinator makes keys when it begins a run, and lstm-gan keys ${shellWord(root)} --create makes them before. If all of them are revoked, add one with --add NAME.`,
  });
}
