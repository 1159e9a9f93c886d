/** A short run of chaos for each exchange, with every kind of fault and real processes; longer ones are recorded in docs/chaos.md. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { root } from '../support/command-line.ts';

const tiny = 'preset: digits\nmodel: {generator: {kind: dense, units: [16]}, image: {size: 8}, discriminator: {filters: [4]}}\n';

it.each(['star', 'sliced'])('gives the weights of a quiet run through the %s, whatever is killed, stopped, cut off or asked to leave', { timeout: 180_000 }, async (exchange) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-chaos-test-'));
  const [config, out] = [path.join(folder, 'tiny.yaml'), path.join(folder, 'result.json')];
  await writeFile(config, tiny);
  const parameters = ['--minutes', '0.2', '--kill-every', '2', '--kinds', 'kill,hang,leave,cut,mute', '--kill-coordinator-every', '7', '--checkpoint-every', '0.5', '--workers', '3', '--exchange', exchange, '--config', config, '--out', out];
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['--conditions=source', '--import', 'tsx', 'tools/chaos/chaos.ts', ...parameters], { cwd: root, reject: false });
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  const { quiet, chaos, harm, recoveredMs } = JSON.parse(await readFile(out, 'utf8')) as { quiet: object; chaos: object; harm: object[]; recoveredMs: number[] };
  expect(chaos).toMatchObject({ weightsSha256: (quiet as { weightsSha256: string }).weightsSha256 });
  expect(harm.length).toBeGreaterThan(3);
  expect(recoveredMs.length).toBeGreaterThan(0);
});
