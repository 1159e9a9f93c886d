import { expect, it } from 'vitest';
import { tableOf } from '../../tools/quality/quality-table.ts';

it('has a row for each number of images, with mean, least and greatest value over the seeds', () => {
  const row = (seed: number, images: number, fd: number) => ({
    seed,
    images,
    minutes: 1.5,
    results: { fd, found: 10 },
  });
  expect(tableOf([row(1, 2000, 3), row(1, 1000, 8), row(2, 1000, 10.5)])).toEqual([
    '| images | minutes | fd | found |',
    '| --- | --- | --- | --- |',
    '| 1,000 | 1.50 (1.50 to 1.50) | 9.25 (8 to 10.5) | 10 (10 to 10) |',
    '| 2,000 | 1.50 | 3 | 10 |',
  ]);
});
