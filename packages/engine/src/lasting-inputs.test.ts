import { expect, it } from 'vitest';
import { LastingInputs } from './lasting-inputs.ts';

const [first, second] = [Float32Array.of(1), Float32Array.of(2)];

/** Records assignments and runs in their order. A run lasts until `end` is called with its name. */
function record() {
  const events: string[] = [];
  const lasting = new LastingInputs(async (variable, array) => void events.push(`${variable} = ${array[0]}`));
  const ends = new Map<string, () => void>();
  const run = (name: string, arrays: Record<string, Float32Array>): Promise<void> =>
    lasting.holding(arrays, () => {
      events.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    });
  return { events, run, end: (name: string) => ends.get(name)?.() };
}
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('assigns an array once for all runs that read it', async () => {
  const { events, run, end } = record();
  const runs = [run('a', { weights: first }), run('b', { weights: first })];
  await soon();
  expect(events).toEqual(['weights = 1', 'a', 'b']);
  ['a', 'b'].forEach(end);
  await Promise.all(runs);
  const later = run('c', { weights: first });
  await soon();
  end('c');
  await later;
  expect(events).toEqual(['weights = 1', 'a', 'b', 'c']);
});

it('assigns another array only after all runs that read the first one have ended', async () => {
  const { events, run, end } = record();
  const runs = [run('a', { weights: first }), run('b', { weights: first }), run('c', { weights: second })];
  await soon();
  end('a');
  await soon();
  expect(events).toEqual(['weights = 1', 'a', 'b']);
  end('b');
  await soon();
  expect(events).toEqual(['weights = 1', 'a', 'b', 'weights = 2', 'c']);
  end('c');
  await Promise.all(runs);
});

it("does not block two runs that need each other's variables", async () => {
  const { events, run, end } = record();
  const one = run('a', { d: first, g: second });
  const other = run('b', { g: first, d: second });
  await soon();
  end('a');
  await one;
  await soon();
  end('b');
  await other;
  expect(events).toEqual(['d = 1', 'g = 2', 'a', 'd = 2', 'g = 1', 'b']);
});

it('rejects a run if the assignment fails, and assigns again for the next run', async () => {
  let [attempts, runs] = [0, 0];
  const lasting = new LastingInputs(async () => {
    attempts += 1;
    if (attempts === 1) throw new Error('no memory');
  });
  const run = () => lasting.holding({ weights: first }, async () => void (runs += 1));
  await expect(Promise.all([run(), run()])).rejects.toThrow('no memory');
  await run();
  expect([attempts, runs]).toEqual([2, 1]);
});

it('frees its variables when a run fails', async () => {
  const lasting = new LastingInputs(async () => undefined);
  await expect(lasting.holding({ weights: first }, () => Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  );
  expect(await lasting.holding({ weights: second }, async () => 'done')).toBe('done');
});
