import path from 'node:path';
import { findRun } from '@lstm-gan/coordinator/program';
import { UserError } from '@lstm-gan/core/errors';
import { addJoinKey, listJoinKeys, revokeJoinKey } from '@lstm-gan/transport';
import type { Command } from 'commander';

const examples = `
Examples:
  $ lstm-gan keys runs/rows                      # the key files that let workers join
  $ lstm-gan keys runs/rows --add node-7         # one more key, for one machine: runs/rows/keys/node-7.key
  $ lstm-gan keys runs/rows --revoke node-7      # no worker can join with it any more
  $ lstm-gan keys runs/rows --revoke worker      # the same for the key that was made with the run

A running coordinator notices a new key at once, and a revoked one within a second. If a worker joined with the revoked key,
the coordinator ends all connections, and the workers with valid keys join again.`;

export function addKeys(program: Command): void {
  program
    .command('keys <run>')
    .description('list, add and revoke the keys with which workers join a run')
    .option('--add <name>', 'make a key file of that name')
    .option('--revoke <name>', 'from now on refuse workers with the key of that name')
    .addHelpText('after', examples)
    .action(keys);
}

async function keys(run: string, { add, revoke }: { add?: string; revoke?: string }): Promise<void> {
  const { root } = await findRun(run);
  const folder = path.join(root, 'keys');
  if (add === undefined && revoke === undefined && listJoinKeys(folder).length === 0) throw noKeys(root);
  if (revoke !== undefined) await revokeJoinKey(folder, revoke);
  if (add !== undefined) await addJoinKey(folder, add);
  process.stdout.write(
    listJoinKeys(folder)
      .map(({ name, file }) => `${name.padEnd(20)} ${file}\n`)
      .join(''),
  );
}

function noKeys(root: string): UserError {
  return new UserError({
    code: 'key-file',
    message: `${root} has no keys with which workers could join.`,
    advice: 'A run that lstm-gan coordinator began has keys. If all of them are revoked, add one with --add NAME.',
  });
}
