/** Tries the benchmarks without measuring, so that a broken one is found before a user wants to measure. */
import { expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

interface Result {
  readonly rows: readonly { readonly name: string; readonly median: number }[];
  readonly operations?: readonly { readonly operation: string; readonly count: number; readonly ms: number }[];
}

async function tryBenchmark(...parameters: string[]): Promise<Result> {
  const command = ['--conditions=source', '--import', 'tsx', 'tools/bench/bench.ts', ...parameters, '--try', '--json'];
  const { stdout } = await startProcess([process.execPath, ...command], { cwd: root, reject: true });
  return JSON.parse(String(stdout)) as Result;
}

it.each([
  [
    ['step', '--operations'],
    ['lstm-gan', 'stock tfjs layers'],
  ],
  [
    ['exchange', '--workers', '1'],
    ['1 worker, local socket', '1 worker, TCP, encrypted', '1 worker, TCP, encrypted, 4 flows'],
  ],
])('bench %j gives a row for each thing that it measures', async (parameters, names) => {
  const { rows, operations } = await tryBenchmark(...parameters);
  expect(rows.map(({ name }) => name)).toEqual(names);
  // The generator of rows-large has an LSTM of eight time steps.
  const counts = Object.fromEntries((operations ?? []).map(({ operation, count }) => [operation, count]));
  if (parameters.includes('--operations')) expect(counts).toMatchObject({ LstmGanLstmCell: 8 });
  for (const { median } of rows) expect(median).toBeGreaterThan(0);
});

it('a try refuses to keep results', async () => {
  await expect(tryBenchmark('step', '--out', 'results')).rejects.toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('leave out --out'),
  });
});
