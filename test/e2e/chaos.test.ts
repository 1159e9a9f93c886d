/**
 * Short runs of chaos for each exchange, with every kind of fault and real processes. docs/chaos.md has results of
 * longer ones.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createNetwork } from '../../tools/network/network-namespaces.ts';
import { root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const tiny =
  'preset: digits\nmodel: {generator: {kind: dense, units: [16]}, image: {size: 8}, discriminator: {filters: [4]}}\n';

interface Run {
  readonly segments: readonly { readonly checkpointSha256: string }[];
}

interface Result {
  readonly quiet: Run;
  readonly harmed: readonly (Run & { readonly harm: readonly object[]; readonly recoveredMs: readonly number[] })[];
}

async function chaos(...parameters: string[]): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-chaos-test-'));
  const [config, out] = [path.join(folder, 'tiny.yaml'), path.join(folder, 'result.json')];
  await writeFile(config, tiny);
  const command = [
    '--conditions=source',
    '--import',
    'tsx',
    'tools/chaos/chaos.ts',
    '--minutes',
    '0.2',
    '--kill-every',
    '2',
    '--checkpoint-every',
    '0.5',
    '--config',
    config,
    '--out',
    out,
  ];
  const { exitCode, stdout, stderr } = await startProcess([process.execPath, ...command, ...parameters], { cwd: root });
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  return JSON.parse(await readFile(out, 'utf8')) as Result;
}

it.each(['star', 'sliced'])(
  'the %s exchange ends in the state of a run without faults, although processes are killed, stopped, disconnected or told to leave',
  async (exchange) => {
    const kinds = 'kill,hang,leave,away,cut,mute,delay,half-open';
    const {
      quiet,
      harmed: [run],
    } = await chaos('--kinds', kinds, '--kill-coordinator-every', '7', '--workers', '3', '--exchange', exchange);
    expect(run.segments[0].checkpointSha256).toBe(quiet.segments[0].checkpointSha256);
    expect(run.harm.length).toBeGreaterThan(3);
    expect(run.recoveredMs.length).toBeGreaterThan(0);
  },
);

it('the sliced exchange ends in that state between machines whose cables are pulled out, or that do not reach each other', async (context) => {
  const network = await createNetwork({ machines: 0 });
  if (network === undefined) return context.skip('this machine allows no network namespaces');
  await network.remove();
  const {
    quiet,
    harmed: [run],
  } = await chaos('--kinds', 'unplug,partition', '--segments', '2', '--workers', '3', '--exchange', 'sliced');
  for (const segment of [0, 1])
    expect(run.segments[segment].checkpointSha256).toBe(quiet.segments[segment].checkpointSha256);
  expect(run.harm.length).toBeGreaterThan(1);
});
