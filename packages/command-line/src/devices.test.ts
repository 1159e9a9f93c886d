import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { chooseDevice, findGpus } from './devices.ts';

it('chooses GPUs if there are any, unless the user names a kind', () => {
  expect([chooseDevice('auto', 2), chooseDevice('auto', 0), chooseDevice('cpu', 2), chooseDevice('gpu', 1)]).toEqual([
    'gpu',
    'cpu',
    'cpu',
    'gpu',
  ]);
});

it('finds the GPUs that CUDA_VISIBLE_DEVICES names, or all those of the driver if it is not set', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lstm-gan-dev-'));
  // A container may have only some of the machine's GPUs. CUDA numbers these GPUs from 0; the numbers in the names of
  // their device files may be larger.
  for (const name of ['nvidia5', 'nvidia7', 'nvidiactl', 'nvidia-uvm']) writeFileSync(path.join(folder, name), '');
  const found = [undefined, '1', '0, GPU-7f3a', '', '-1', '1,-1,0'].map((visible) => findGpus(visible, folder));
  expect(found).toEqual([['0', '1'], ['1'], ['0', 'GPU-7f3a'], [], [], ['1']]);
  expect([findGpus('0', path.join(folder, 'nowhere')), findGpus(undefined, path.join(folder, 'nowhere'))]).toEqual([
    [],
    [],
  ]);
});

it('refuses to compute on a GPU if there is none, and says what to do', () => {
  const sentence = expect.objectContaining({
    code: 'no-gpu',
    message: expect.stringContaining('shows none'),
    advice: expect.stringContaining('on the CPU'),
  }) as Error;
  expect(() => chooseDevice('gpu', 0)).toThrow(sentence);
});
