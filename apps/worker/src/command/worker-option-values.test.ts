import { mostFlows } from '@lstm-gan/transport';
import { expect, it } from 'vitest';
import { flowCount, peerAddress } from './worker-option-values.ts';

it('reads addresses of both kinds, names and networks, with a port or without', () => {
  for (const host of ['10.0.0.7', '[fd00::7]', '[fe80::7%eth0]', 'eth0', 'alpha.local']) {
    expect(peerAddress(`${host}:4000`)).toBe(`tcp://${host}:4000`);
    expect(peerAddress(host)).toBe(`tcp://${host}:*`);
  }
  for (const text of ['fd00::7', '[fd00::7', 'a b', '10.0.0.7:x']) expect(() => peerAddress(text)).toThrow('HOST:PORT');
});

it('accepts exactly as many flows as a connection may have', () => {
  expect([1, mostFlows].map((count) => flowCount(String(count)))).toEqual([1, mostFlows]);
  for (const text of ['0', String(mostFlows + 1), '1.5', 'many'])
    expect(() => flowCount(text)).toThrow(`from 1 to ${mostFlows}, got ${text}`);
});
