/** What a coordinator's link and a worker's link promise. Every implementation passes this suite. */
import { afterEach, describe, expect, it } from 'vitest';
import type { CoordinatorLink, CoordinatorLinkEvent, WorkerLink, WorkerLinkEvent } from '../links.ts';
import type { Hello, Weights } from '../protocol/messages.ts';
import { sampleContribution } from './sample-messages.ts';

export interface LinkPair {
  readonly coordinator: CoordinatorLink;
  connect(): WorkerLink;
  /** Memory that both ends can read. If undefined, arrays are allocated as plain arrays. */
  readonly memory?: { allocate(length: number): Float32Array; release(array: Float32Array): void };
}

export const hello = (worker: string): Hello => ({ kind: 'hello', protocol: 1, worker });
const run = { run: 'r', incarnation: 1, membership: 1 };
const weights = (version: number, floats: number): Weights => ({
  kind: 'weights',
  ...run,
  network: 'generator',
  version,
  values: Float32Array.from({ length: floats }, (_, i) => version * 1000 + (i % 997)),
});
const contribution = (lease: number, floats: number) =>
  sampleContribution({
    lease,
    subtrees: [
      { start: 0, end: 2 },
      { start: 2, end: 3 },
    ],
    sums: [new Float32Array(floats).fill(lease), new Float32Array(floats).fill(-lease)],
  });

const sameBytes = (a: Float32Array | undefined, b: Float32Array) =>
  a !== undefined &&
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

export async function take<Event>(iterator: AsyncIterator<Event>): Promise<Event> {
  const { value, done } = await iterator.next();
  if (done === true) throw new Error('the events ended');
  return value as Event;
}

async function takeMessage(iterator: AsyncIterator<CoordinatorLinkEvent>) {
  const event = await take(iterator);
  if (event.kind !== 'message') throw new Error(`a worker left: ${event.sentence}`);
  return event;
}

export function testLink(name: string, open: () => Promise<LinkPair>): void {
  describe(`the ${name} link`, () => {
    const opened: (CoordinatorLink | WorkerLink)[] = [];
    afterEach(async () => {
      for (const link of opened.splice(0).reverse()) await link.close();
    });
    const start = async (workers: number) => {
      const pair = await open();
      opened.push(pair.coordinator);
      const events = pair.coordinator.events()[Symbol.asyncIterator]();
      const joined: { worker: WorkerLink; connection: string; inbox: AsyncIterator<WorkerLinkEvent> }[] = [];
      for (let k = 0; k < workers; k++) {
        const worker = pair.connect();
        opened.push(worker);
        worker.send(hello(`worker-${k}`));
        const { connection, message } = await takeMessage(events);
        expect(message).toEqual(hello(`worker-${k}`));
        joined.push({ worker, connection, inbox: worker.events()[Symbol.asyncIterator]() });
      }
      return { coordinator: pair.coordinator, events, joined, memory: pair.memory };
    };

    it('carries messages in order, once, with their arrays', async () => {
      const { coordinator, events, joined } = await start(1);
      const [{ worker, connection, inbox }] = joined;
      for (let version = 1; version <= 5; version++) coordinator.send(connection, weights(version, 10 * version));
      for (let version = 1; version <= 5; version++) {
        expect(await take(inbox)).toEqual({ kind: 'message', message: weights(version, 10 * version) });
      }
      for (let lease = 1; lease <= 5; lease++) worker.send(contribution(lease, 3 * lease));
      for (let lease = 1; lease <= 5; lease++)
        expect((await takeMessage(events)).message).toEqual(contribution(lease, 3 * lease));
    });

    it('carries 26 MB to two peers and from both at once, whole', async () => {
      const { coordinator, events, joined } = await start(2);
      const floats = 6_500_000;
      for (const { connection, worker } of joined) {
        coordinator.send(connection, weights(3, floats));
        worker.send(contribution(4, floats / 2));
      }
      for (const { inbox } of joined) {
        const event = await take(inbox);
        const message = event.kind === 'message' && event.message.kind === 'weights' ? event.message : undefined;
        expect(sameBytes(message?.values, weights(3, floats).values)).toBe(true);
      }
      for (let k = 0; k < 2; k++) {
        const { message } = await takeMessage(events);
        const sums = message.kind === 'contribution' ? message.sums : [];
        expect(sums.map((sum) => sum.length)).toEqual([floats / 2, floats / 2]);
        expect(sums[1].every((value) => value === -4)).toBe(true);
      }
    });

    it('carries arrays in both directions many times, in memory that is used again', async () => {
      const { coordinator, events, joined, memory } = await start(2);
      const lay = (array: Float32Array): Float32Array => {
        const laid = memory?.allocate(array.length) ?? new Float32Array(array.length);
        laid.set(array);
        return laid;
      };
      const floats = 50_000;
      for (let version = 1; version <= 30; version++) {
        const { values, ...rest } = weights(version, floats);
        const shared = lay(values);
        for (const { connection } of joined) coordinator.send(connection, { ...rest, values: shared });
        for (const { worker, inbox } of joined) {
          const event = await take(inbox);
          const message = event.kind === 'message' && event.message.kind === 'weights' ? event.message : undefined;
          expect(sameBytes(message?.values, values)).toBe(true);
          if (message !== undefined) memory?.release(message.values);
          const { sums, ...fields } = contribution(version, floats);
          worker.send({ ...fields, sums: sums.map(lay) });
        }
        // `shared` is released only after every worker has received it. The link sends bytes directly from the array
        // until the other end has shown that it can read shared memory.
        memory?.release(shared);
        for (let k = 0; k < 2; k++) {
          const { message } = await takeMessage(events);
          const sums = message.kind === 'contribution' ? message.sums : [];
          expect(sums.map((sum, i) => sameBytes(sum, contribution(version, floats).sums[i]))).toEqual([true, true]);
          for (const sum of sums) memory?.release(sum);
        }
      }
    });

    it('says that a worker has left, and drops what is sent to it afterwards', async () => {
      const { coordinator, events, joined } = await start(2);
      const [gone, other] = joined;
      await gone.worker.close();
      expect(await take(events)).toMatchObject({ kind: 'left', connection: gone.connection });
      coordinator.send(gone.connection, weights(1, 10));
      coordinator.send(other.connection, weights(2, 10));
      expect(await take(other.inbox)).toEqual({ kind: 'message', message: weights(2, 10) });
    });

    it('sends what is queued before it lets a worker go', async () => {
      const { coordinator, joined } = await start(1);
      const [{ connection, inbox }] = joined;
      coordinator.send(connection, weights(1, 2_000_000));
      coordinator.send(connection, { kind: 'finish', ...run, complete: true });
      await coordinator.close();
      expect(await take(inbox)).toMatchObject({ kind: 'message', message: { kind: 'weights' } });
      expect(await take(inbox)).toMatchObject({ kind: 'message', message: { kind: 'finish' } });
      expect(await take(inbox)).toMatchObject({ kind: 'closed' });
      expect((await inbox.next()).done).toBe(true);
    });

    it('ends its events when it is closed, and may be closed twice', async () => {
      const { coordinator, events } = await start(0);
      await coordinator.close();
      await coordinator.close();
      expect((await events.next()).done).toBe(true);
    });
  });
}
