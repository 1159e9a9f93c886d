import { mostFlows } from '@lstm-gan/transport';
import { expect, it } from 'vitest';
import { flowCount } from './worker-option-values.ts';

it('accepts exactly as many flows as a connection may have', () => {
  expect([1, mostFlows].map((count) => flowCount(String(count)))).toEqual([1, mostFlows]);
  for (const text of ['0', String(mostFlows + 1), '1.5', 'many'])
    expect(() => flowCount(text)).toThrow(`from 1 to ${mostFlows}, got ${text}`);
});
