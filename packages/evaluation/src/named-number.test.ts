import { describe, expect, it } from 'vitest';
import { keyOf, metricOf, parseNumberNames } from './named-number.ts';

const keys = (list: string): string[] => parseNumberNames(list).map((number) => keyOf(number, 'digits'));

describe('the names of numbers', () => {
  it('become the names of results, with the number of samples and the network', () => {
    expect(
      keys('fd2k, kid,coverage,classes2k_found3,neighbours_k5_recall,kid_deviation,diversity,copying_share'),
    ).toEqual([
      'fd2k_digits',
      'kid2k_digits',
      'neighbours2k_k3_digits_coverage',
      'classes2k_digits_found3',
      'neighbours2k_k5_digits_recall',
      'kid2k_digits_deviation',
      'diversity2k_digits',
      'copying2k_digits_share',
    ]);
    expect(keys('fd1500,coverage1500_k5')).toEqual(['fd1500_digits', 'neighbours1500_k5_digits_coverage']);
    expect(parseNumberNames('coverage').map((number) => metricOf(number, 'a'))).toEqual(['neighbours2k_k3_a']);
  });

  it('say whether a lower number is better', () => {
    const better = parseNumberNames('fd,kid,copying_share,copying_nearness,coverage,diversity');
    expect(better.map(({ isLowerBetter }) => isLowerBetter)).toEqual([true, true, true, false, false, false]);
  });

  it.each([
    ['fid2k', 'got fid2k.', 'Did you mean fd?'],
    ['', 'got .', 'The names are precision, recall,'],
    ['classes2k', 'got classes2k.', 'classes_found3, '],
    ['coverage_recall', 'got coverage_recall.', ''],
    ['fd2k_digits', 'got fd2k_digits.', ''],
    ['fd9', 'got fd9.', ''],
    ['fd2k,coverage1k', 'one number of samples; got 2k and 1k', 'fd1k,coverage1k'],
  ])('refuse %s', (list, message, advice) => {
    expect(() => parseNumberNames(list)).toThrow(
      expect.objectContaining({
        code: 'metrics',
        message: expect.stringContaining(message) as string,
        advice: expect.stringContaining(advice) as string,
      }),
    );
  });
});
