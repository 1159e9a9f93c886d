/** Where the time of an iteration goes, by kind of operation. */
import { createPhaseUnits, type Preset, type Unit } from '@lstm-gan/core';
import { locateTensorFlow, timeOperations, type OperationTime } from '@lstm-gan/engine';
import { assert } from '@lstm-gan/core/errors';

/** The operations of one type. */
export interface OperationKind {
  readonly operation: string;
  readonly count: number;
  readonly ms: number;
  readonly flops: number;
}

/** The kinds of operations of an iteration, the slowest first. */
export async function timeKinds(
  preset: Preset,
  batch: number,
  cacheDir: string,
  threads: number,
): Promise<OperationKind[]> {
  const provisioned = await locateTensorFlow(cacheDir, 'cpu');
  assert(provisioned !== undefined, 'the benchmark has opened an engine already');
  const { discriminatorReal, discriminatorFake, discriminatorPairs, generatorBackward } = createPhaseUnits(
    preset.model,
    batch,
  );
  const units = [discriminatorReal, discriminatorFake, discriminatorPairs, generatorBackward];
  const kinds = new Map<string, OperationKind>();
  for (const unit of units.filter((unit) => unit !== undefined) as unknown as Unit[])
    for (const time of await timeOperations(unit, provisioned, threads))
      kinds.set(time.operation, added(kinds.get(time.operation), time));
  return [...kinds.values()].sort((a, b) => b.ms - a.ms);
}

function added(kind: OperationKind | undefined, { operation, ms, flops }: OperationTime): OperationKind {
  const { count, ms: before, flops: flopsBefore } = kind ?? { count: 0, ms: 0, flops: 0 };
  return { operation, count: count + 1, ms: before + ms, flops: flopsBefore + flops };
}

/** @param peak floating-point operations a second of a matrix product */
export function kindLines(kinds: readonly OperationKind[], peak: number): string[] {
  return [
    'operations, each timed by itself                count     ms   GFLOP/s   of a matrix product',
    '(without those that read a mask, such as the gradient of dropout)',
    ...kinds.map(({ operation, count, ms, flops }) => {
      const rate = flops / (ms / 1000);
      const rates =
        flops === 0 || ms === 0
          ? ''
          : `${(rate / 1e9).toFixed(0).padStart(10)}${(100 * (rate / peak)).toFixed(0).padStart(18)} %`;
      return `${operation.padEnd(46)}${String(count).padStart(7)}${ms.toFixed(1).padStart(7)}${rates}`;
    }),
  ];
}
