import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startCountdown } from './countdown.ts';

describe('on a clock that the test moves', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] }));
  afterEach(() => void vi.useRealTimers());

  it('expires once, after the given time', () => {
    const onExpired = vi.fn();
    startCountdown(1000, onExpired);
    vi.advanceTimersByTime(999);
    expect(onExpired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5000);
    expect(onExpired).toHaveBeenCalledTimes(1);
  });

  it('starts again after a sign of life, and never expires after it was stopped', () => {
    const onExpired = vi.fn();
    const countdown = startCountdown(1000, onExpired);
    for (let k = 0; k < 10; k++) {
      vi.advanceTimersByTime(900);
      countdown.restart();
    }
    expect(onExpired).not.toHaveBeenCalled();
    countdown.stop();
    vi.advanceTimersByTime(5000);
    expect(onExpired).not.toHaveBeenCalled();
  });
});

it('hears what came while JavaScript was busy for longer than the given time', async () => {
  const server = createServer((socket) => socket.end('here')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  const result = new Promise((resolve) => {
    const countdown = startCountdown(50, () => resolve('silent'));
    socket.once('data', () => {
      countdown.stop();
      resolve('heard');
    });
  });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect(await result).toBe('heard');
  server.close();
});
