import { describe, expect, it } from 'vitest';
import { createStopRule, describeStop, isBetter, parseStopCondition, type StopCondition } from './stop-rule.ts';

const condition: StopCondition = {
  metric: 'losses.generator',
  comparison: '<',
  threshold: 1,
  windowSteps: 3,
  patienceSteps: 2,
};
const metrics = (step: number, generator: number) => ({
  step,
  losses: { generator, discriminator: 10, penalty: -generator },
});

/** The step after which a run with these losses ends. */
function endOf(losses: readonly number[], change: Partial<StopCondition> = {}): number | undefined {
  const rule = createStopRule({ ...condition, ...change });
  for (const [i, loss] of losses.entries()) {
    rule.observe(metrics(i + 1, loss));
    if (rule.isMet) return i + 1;
  }
  return undefined;
}

describe('a stop rule', () => {
  it('is met when its condition has held for the given number of steps', () => {
    expect(endOf([0, 0, 0, 0])).toBe(4);
    expect(endOf([0, 0, 0], { patienceSteps: 1 })).toBe(3);
    expect(endOf([0], { windowSteps: 1, patienceSteps: 1 })).toBe(1);
    expect(endOf([5, 0, 0, 0, 0])).toBe(5);
  });

  it('counts again from 0 after a step for which the condition did not hold', () => {
    expect(endOf([0, 0, 0, 9, 0, 0, 0, 0])).toBe(8);
  });

  it('is not met by the threshold itself, with < and with >', () => {
    expect(endOf([1, 1, 1, 1, 1])).toBeUndefined();
    expect(endOf([2, 2, 2, 2], { comparison: '>' })).toBe(4);
    expect(endOf([2, 2, 2, 2], { metric: 'losses.penalty' })).toBe(4);
  });

  it('reaches the same state if steps are observed again after a stop, and starts again after a gap', () => {
    const rule = createStopRule(condition);
    for (const step of [1, 2, 3]) rule.observe(metrics(step, 0));
    rule.observe(metrics(5, 0));
    expect([rule.value, rule.isMet]).toEqual([undefined, false]);
    for (const step of [6, 7, 8]) rule.observe(metrics(step, 0.25));
    expect([rule.value, rule.isMet]).toEqual([0.25, true]);
    expect(describeStop(rule)).toBe('the mean of losses.generator over 3 steps was 0.2500, below 1');
  });

  it('tells which of two means is better', () => {
    expect([
      isBetter(condition, 1, 2),
      isBetter(condition, 2, 2),
      isBetter({ ...condition, comparison: '>' }, 3, 2),
    ]).toEqual([true, false, true]);
  });
});

it('reads conditions', () => {
  expect(parseStopCondition('losses.generator<0.7')).toEqual({
    metric: 'losses.generator',
    comparison: '<',
    threshold: 0.7,
  });
  expect(parseStopCondition(' losses.discriminator > 1.3e0 ')).toEqual({
    metric: 'losses.discriminator',
    comparison: '>',
    threshold: 1.3,
  });
});

it.each([
  ['losses.generater<1', 'Did you mean losses.generator?'],
  ['stepMs<1', "For example --stop-when 'losses.generator<0.7'"],
  ['losses.generator', 'quote it'],
  ['losses.generator<low', 'For example'],
  ['losses.generator=1', 'For example'],
])('refuses %s', (text, advice) => {
  expect(() => parseStopCondition(text)).toThrow(
    expect.objectContaining({
      code: 'stop-when',
      message: expect.stringContaining(`got ${text}.`),
      advice: expect.stringContaining(advice),
    }) as Error,
  );
});

describe('a stop rule about a number that is evaluated', () => {
  const rule = () => createStopRule({ ...condition, ...parseStopCondition('fd2k<20', ['fd2k']) });

  it('is met by a number that fulfils the condition, and not by losses or other numbers', () => {
    const fd = rule();
    for (let step = 1; step < 9; step++) fd.observe(metrics(step, 0));
    fd.observeNumber('coverage', 9, 0);
    fd.observeNumber('fd2k', 9, 20);
    expect([fd.isMet, fd.value]).toEqual([false, 20]);
    fd.observeNumber('fd2k', 12, 19.5);
    expect([fd.isMet, describeStop(fd)]).toEqual([true, 'fd2k was 19.50, below 20']);
    fd.rewind(12);
    expect(fd.isMet).toBe(true);
    fd.rewind(11);
    expect([fd.isMet, fd.value]).toEqual([false, undefined]);
  });

  it('must be about a number of --metrics', () => {
    const sentence = { code: 'stop-when', advice: expect.stringContaining('needs --metrics fd2k too') as string };
    expect(() => parseStopCondition('fd2k<20')).toThrow(expect.objectContaining(sentence));
  });
});
