/**
 * The bits of every preset on any machine: the hashes of its units' outputs on a fixed input, and of the weights after
 * three steps on made-up images. The fixtures are from one machine; `vitest -u` writes them anew. A change that cannot
 * keep the bits changes them, and says so in its commit.
 */
import { presets, type Preset } from '@lstm-gan/core';
import { createDataset, labelsInTurn, type Dataset } from '@lstm-gan/data';
import { createRunConfig, type RunConfig } from '@lstm-gan/run';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainOnCluster, type ClusterResult } from '../support/cluster.ts';
import { lstmGan } from '../support/command-line.ts';

const steps = 3;

beforeAll(async () => {
  expect((await lstmGan(['setup', '--variant', 'cpu'])).exitCode).toBe(0);
});

/** A run of two shards a step, so that two workers have work. */
function runOf(preset: Preset): { readonly config: RunConfig; readonly dataset: Dataset } {
  const config = createRunConfig(preset, { batchSize: 2 * preset.shardSize });
  const { size, channels } = config.model.image;
  const count = 2 * config.batchSize;
  const pixels = Uint8Array.from(
    { length: count * size * size * channels },
    (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24,
  );
  const { condition } = config.model;
  const labels = condition && labelsInTurn(count, condition.classes);
  return { config, dataset: createDataset({ name: 'made-up', count, size, channels, digest: '', labels }, pixels) };
}

async function expectFixture(name: string, { probes, weightsSha256 }: ClusterResult): Promise<void> {
  const bits = `${JSON.stringify({ weightsSha256, probes }, undefined, 2)}\n`;
  await expect(bits).toMatchFileSnapshot(`../fixtures/bits/${name}.json`);
}

describe.each([...presets.values()])('$name', (preset) => {
  it.each(['star', 'sliced'] as const)('has the bits of its fixture, by the %s exchange', async (exchange) => {
    await expectFixture(preset.name, await trainOnCluster({ ...runOf(preset), steps, exchange, workers: 2 }));
  });
});

it.each(['star', 'sliced'] as const)(
  'workers of different thread counts and instruction sets, of which one is killed, give the bits of the fixture, by the %s exchange',
  async (exchange) => {
    const result = await trainOnCluster({
      ...runOf(presets.get('digits') as Preset),
      steps,
      exchange,
      workers: 3,
      settings: [
        { parameters: ['--threads', '1'] },
        { parameters: ['--threads', '2'], env: { ONEDNN_MAX_CPU_ISA: 'SSE41' } },
        { parameters: ['--threads', '4'], env: { LSTM_GAN_VECTORS: 'avx2' } },
      ],
      onStep: ({ step }, workers) => void (step === 1 && workers[0].kill('SIGKILL')),
    });
    expect([...result.endings].sort()).toEqual([0, 0, 'SIGKILL']);
    await expectFixture('digits', result);
  },
);
