/** What a worker does for a phase, with units that only note what they were given. */
import { presets, streamKey, type Preset } from '@lstm-gan/core';
import { createGeneratorPasses, createShardNoise, type CompiledUnits } from '@lstm-gan/core/compute';
import { plainArithmetic } from '@lstm-gan/core/optimizer';
import {
  batchOf,
  firstPlaceOfStep,
  nextPlace,
  NotFiniteSumError,
  placesOfImages,
  readsPairs,
  type Place,
} from '@lstm-gan/core/step';
import { createRunConfig, type RunConfig } from '@lstm-gan/run';
import type { Contribution, Failed, WorkerMessage, Work } from '@lstm-gan/transport';
import { expect, it } from 'vitest';
import { createStartedShards } from './compute/started-shards.ts';
import { computePhase } from './compute-phase.ts';
import { createStarExchange } from './exchange/star/star-exchange.ts';
import type { PreparedRun } from './prepare-run.ts';

const digits = createRunConfig(presets.get('digits') as Preset);
const header = { run: 'r', incarnation: 1, membership: 1 };
const lease = [
  { start: 0, end: 2 },
  { start: 3, end: 4 },
];
const leasedShards = [0, 1, 3];

/** What the units note. Only the units of a conditional model are given labels. */
interface ReadsImages {
  readonly dropoutSeed: Int32Array;
  readonly images: Uint8Array;
  readonly labels?: Int32Array;
  readonly fakeLabels?: Int32Array;
  readonly realImages?: Uint8Array;
  readonly realLabels?: Int32Array;
}

/** A run whose units return vectors of one float, and a record of the units' inputs. */
function prepare(changes: Partial<RunConfig> = {}, onFake = (): number => 1, mostAhead = 4) {
  const config = { ...digits, ...changes };
  const sent: WorkerMessage[] = [];
  const onReal: { readonly seed: string; readonly images: number }[] = [];
  const comparedInGeneratorPhase: number[] = [];
  const labelled: Record<string, readonly number[]>[] = [];
  const note = (unit: string, labels?: Int32Array) => void (labels && labelled.push({ [unit]: [...labels] }));
  const add = (onto: readonly Float32Array[], value: number): Float32Array => {
    const sum = onto.reduce((total, [other]) => total + other, value);
    if (!Number.isFinite(sum)) throw new NotFiniteSumError('unit', 'output');
    return Float32Array.of(sum);
  };
  const noteReal = ({ dropoutSeed, images, labels }: ReadsImages): void => {
    note('real', labels);
    expect(new Set(images).size).toBe(1);
    onReal.push({ seed: dropoutSeed.join(), images: images[0] });
  };
  const units = {
    ...(readsPairs(config.model)
      ? {
          discriminatorPairs: {
            run: async (inputs: ReadsImages, { onto }: { onto: readonly Float32Array[] }) => {
              noteReal(inputs);
              note('fake', inputs.fakeLabels);
              return { gradient: add(onto, 11), loss: Float32Array.of(1.5), penalty: Float32Array.of(0.25) };
            },
          },
        }
      : {
          discriminatorReal: {
            run: async (inputs: ReadsImages) => {
              noteReal(inputs);
              return { gradient: Float32Array.of(10), loss: Float32Array.of(0.5), penalty: Float32Array.of(0.25) };
            },
          },
          discriminatorFake: {
            run: async ({ labels }: ReadsImages, { onto }: { onto: readonly Float32Array[] }) => {
              note('fake', labels);
              return { gradient: add(onto, onFake()), loss: Float32Array.of(1) };
            },
          },
        }),
    discriminatorPenalty: {
      run: async ({ dropoutSeed, images, labels, fakeLabels }: ReadsImages) => {
        note('penalty', labels);
        note('penalty on fake', fakeLabels);
        expect(onReal).toContainEqual({ seed: dropoutSeed.join(), images: images[0] });
        return { gradient: Float32Array.of(1000), penalty: Float32Array.of(4) };
      },
    },
    generatorBackward: {
      begin: async ({ labels }: ReadsImages) => {
        note('generator', labels);
        return {
          outputs: { images: Float32Array.of(0) },
          finish: async ({ realImages, realLabels }: ReadsImages, { onto }: { onto: readonly Float32Array[] }) => {
            note('compared', realLabels);
            if (realImages !== undefined) comparedInGeneratorPhase.push(...new Set(realImages));
            return { loss: Float32Array.of(2), contribution: add(onto, 100) };
          },
          discard: () => undefined,
        };
      },
    },
  } as unknown as CompiledUnits;
  const link = { send: (message: WorkerMessage) => void sent.push(message) } as PreparedRun['link'];
  const now = () => 0;
  const run: PreparedRun = {
    link,
    now,
    header,
    config,
    units,
    engine: undefined as unknown as PreparedRun['engine'],
    arithmetic: plainArithmetic,
    exchange: createStarExchange(link),
    weights: {
      generator: { version: 0, values: new Float32Array(1) },
      discriminator: { version: 0, values: new Float32Array(1) },
    },
    startedShards: createStartedShards(mostAhead, now),
    generatorPasses: createGeneratorPasses(),
    noise: createShardNoise(config),
    releaseWeights: () => Promise.resolve(),
    idleSinceMs: 0,
  };
  return { run, sent, onReal, labelled, comparedInGeneratorPhase };
}

/** Work whose images are all filled with the number of their batch. */
function workAt(place: Place, { run }: { run: PreparedRun }): Work {
  const { config, weights } = run;
  const { size, channels } = config.model.image;
  const shards = leasedShards.length * config.shardSize * size * size * channels;
  const images = placesOfImages(place, config.discriminatorSteps, readsPairs(config.model)).map((reader) =>
    new Uint8Array(shards).fill(batchOf(reader, config.discriminatorSteps)),
  );
  const versions = { generator: weights.generator?.version ?? -1, discriminator: weights.discriminator?.version ?? -1 };
  return {
    kind: 'work',
    ...header,
    ...place,
    crew: 0,
    lease: 1,
    weightsVersions: versions,
    subtrees: lease,
    labels: [],
    images: Uint8Array.from(Buffer.concat(images)),
  };
}

it.each([
  { discriminatorSteps: 1, mostAhead: 4, loss: 'hinge' },
  { discriminatorSteps: 2, mostAhead: 4, loss: 'hinge' },
  { discriminatorSteps: 2, mostAhead: 1, loss: 'hinge' },
  { discriminatorSteps: 2, mostAhead: 0, loss: 'hinge' },
  { discriminatorSteps: 1, mostAhead: 0, loss: 'relativistic' },
  { discriminatorSteps: 2, mostAhead: 4, loss: 'relativistic' },
] as const)(
  'reads the batch of its own phase, with $discriminatorSteps discriminator phases, $mostAhead shards started ahead and the loss $loss',
  async ({ discriminatorSteps, mostAhead, loss }) => {
    const prepared = prepare({ discriminatorSteps, model: { ...digits.model, loss } }, undefined, mostAhead);
    const { run, onReal, comparedInGeneratorPhase } = prepared;
    const expected = new Map<string, number>();
    for (let place: Place = firstPlaceOfStep(1); place.step < 4; place = nextPlace(place, discriminatorSteps)) {
      await computePhase(run, workAt(place, prepared));
      // Gives the worker time to start as many shards as it may.
      await new Promise(setImmediate);
      const updated = run.weights[place.phase];
      run.weights[place.phase] = { version: (updated?.version ?? 0) + 1, values: new Float32Array(1) };
    }
    for (let place: Place = firstPlaceOfStep(1); place.step < 5; place = nextPlace(place, discriminatorSteps)) {
      const { step, phase, turn } = place;
      if (phase === 'generator') continue;
      for (const shard of leasedShards) {
        const seed = streamKey({ seed: run.config.seed, ...place, shard, purpose: 'dropout-real' }).join();
        expected.set(seed, batchOf({ step, phase, turn }, discriminatorSteps));
      }
    }
    expect(onReal.map(({ seed, images }) => images === expected.get(seed))).not.toContain(false);
    // The shards of all work messages were computed once, whether they were started ahead or not. After the last work
    // message, the worker also started shards of step 4, for which this test sends no work.
    // Units of pairs wait for fake images, and so for the generator.
    const computed = 3 * discriminatorSteps * leasedShards.length;
    const startedAhead = loss === 'relativistic' ? 0 : Math.min(mostAhead, leasedShards.length);
    expect(onReal).toHaveLength(computed + startedAhead);
    expect(new Set(onReal.map(({ seed }) => seed)).size).toBe(onReal.length);
    // A generator phase compares with the images of the discriminator phase before it: the last batch of its step.
    const lastBatches = [1, 2, 3].flatMap((step) => leasedShards.map(() => step * discriminatorSteps));
    expect(comparedInGeneratorPhase).toEqual(loss === 'relativistic' ? lastBatches : []);
  },
);

it('contributes the sum of each subtree and the losses of each shard', async () => {
  const prepared = prepare();
  await computePhase(prepared.run, workAt(firstPlaceOfStep(1), prepared));
  const [discriminator] = prepared.sent as Contribution[];
  expect(discriminator).toMatchObject({ kind: 'contribution', step: 1, phase: 'discriminator', lease: 1 });
  expect(discriminator.sums).toEqual([Float32Array.of(22), Float32Array.of(11)]);
  expect(discriminator.losses).toEqual(leasedShards.map((shard) => ({ shard, loss: 1.5, penalty: 0.25 })));
  await computePhase(prepared.run, workAt({ step: 1, phase: 'generator', turn: 0 }, prepared));
  const [, generator] = prepared.sent as Contribution[];
  expect(generator.sums).toEqual([Float32Array.of(200), Float32Array.of(100)]);
  expect(generator.losses).toEqual(leasedShards.map((shard) => ({ shard, loss: 2, penalty: 0 })));
});

it.each([0, 4])('adds an exact penalty in each second phase, with %d shards started ahead', async (mostAhead) => {
  const regularizer = { kind: 'r1', gamma: 1, every: 2 } as const;
  const prepared = prepare({ model: { ...digits.model, regularizer } }, undefined, mostAhead);
  for (let place: Place = firstPlaceOfStep(1); place.step < 4; place = nextPlace(place, 1)) {
    await computePhase(prepared.run, workAt(place, prepared));
    await new Promise(setImmediate);
  }
  const phases = (prepared.sent as Contribution[]).filter(({ phase }) => phase === 'discriminator');
  expect(phases.map(({ sums }) => sums.map(([sum]) => sum))).toEqual([
    [2022, 1011],
    [22, 11],
    [2022, 1011],
  ]);
  expect(phases.map(({ losses }) => losses.map(({ penalty }) => penalty))).toEqual([
    [4.25, 4.25, 4.25],
    [0.25, 0.25, 0.25],
    [4.25, 4.25, 4.25],
  ]);
});

it('does not use what was started with other weights', async () => {
  const prepared = prepare();
  const { run, onReal } = prepared;
  await computePhase(run, workAt({ step: 1, phase: 'generator', turn: 0 }, prepared));
  await new Promise(setImmediate);
  const startedAhead = onReal.length;
  expect(startedAhead).toBe(leasedShards.length);
  run.weights.discriminator = { version: 7, values: new Float32Array(1) };
  await computePhase(run, workAt(firstPlaceOfStep(2), prepared));
  expect(onReal).toHaveLength(startedAhead + leasedShards.length);
});

it('names the shard whose gradient is not finite, and sends no contribution', async () => {
  let calls = 0;
  const prepared = prepare({}, () => (++calls === 3 ? Infinity : 1));
  await computePhase(prepared.run, workAt(firstPlaceOfStep(1), prepared));
  const [failed, ...others] = prepared.sent as Failed[];
  expect(failed).toMatchObject({ kind: 'failed', reason: 'not-finite', shard: 3, step: 1, phase: 'discriminator' });
  expect(failed.sentence).toBe('The gradient of shard 3 is not a finite number.');
  expect(others).toEqual([]);
});

it('reports any other error of the engine with its sentence', async () => {
  const prepared = prepare({}, () => {
    throw new Error('no memory');
  });
  await computePhase(prepared.run, workAt(firstPlaceOfStep(1), prepared));
  expect(prepared.sent).toMatchObject([{ kind: 'failed', reason: 'engine', shard: 0, sentence: 'no memory' }]);
});

it('refuses work whose weights have not arrived', async () => {
  const prepared = prepare();
  const work = workAt(firstPlaceOfStep(1), prepared);
  const weightsVersions = { ...work.weightsVersions, generator: 1 };
  await expect(computePhase(prepared.run, { ...work, weightsVersions })).rejects.toThrow("the generator's weights");
});

it('gives the units of a conditional model the labels of the images, those of fake images as often as the data have them', async () => {
  const changes: Partial<RunConfig> = {
    shardSize: 4,
    model: {
      ...digits.model,
      condition: { kind: 'label', classes: 3, embedding: 2 },
      regularizer: { kind: 'r1-r2', gamma: 1, every: 1 },
    },
    // Class 1 has no images.
    classes: [3, 0, 2].map((images, label) => ({ name: String(label), images })),
  };
  const labels = [0, 1, 2, 1, 2, 2, 0, 0, 1, 1, 1, 1];
  const labelsIn = async (sharedNoise: boolean) => {
    const prepared = prepare({ ...changes, sharedNoise }, undefined, 0);
    for (let place: Place = firstPlaceOfStep(1); place.step < 2; place = nextPlace(place, 1))
      await computePhase(prepared.run, { ...workAt(place, prepared), labels });
    const of = (unit: string) => prepared.labelled.flatMap((entry) => (unit in entry ? [entry[unit]] : []));
    return { real: of('real'), fake: of('fake'), generator: of('generator'), penalty: of('penalty'), of };
  };
  const { real, fake, generator, penalty, of } = await labelsIn(true);
  expect(real).toEqual([labels.slice(0, 4), labels.slice(4, 8), labels.slice(8)]);
  expect(penalty).toEqual(real);
  expect(of('penalty on fake')).toEqual(fake);
  // The generator phase continues the passes that made the fake images.
  expect(generator).toEqual(fake);
  expect(new Set(fake.flat())).toEqual(new Set([0, 2]));
  expect(new Set(fake.map(String)).size).toBe(3);
  const own = await labelsIn(false);
  expect(own.fake).toEqual(fake);
  expect(own.generator.slice(0, 3)).toEqual(fake);
  expect(own.generator.slice(3)).not.toEqual(fake);
});

it.each([true, false])(
  'compares images of a conditional model with their labels, with shared noise: %s',
  async (sharedNoise) => {
    const prepared = prepare({
      sharedNoise,
      shardSize: 1,
      model: { ...digits.model, loss: 'relativistic', condition: { kind: 'label', classes: 3, embedding: 2 } },
    });
    const place: Place = { step: 1, phase: 'generator', turn: 0 };
    await computePhase(prepared.run, { ...workAt(place, prepared), labels: [2, 1, 0, 0, 0, 0] });
    expect(prepared.labelled.filter((entry) => 'compared' in entry)).toEqual([
      { compared: [2] },
      { compared: [1] },
      { compared: [0] },
    ]);
  },
);
