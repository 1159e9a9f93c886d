import { describe, expect, it } from 'vitest';
import { decodeWorkerHeader, defaultLimits, encodeMessage } from '../../codec/codec.ts';
import { createInbox } from '../../codec/inbox.ts';
import { createOutbox } from '../../codec/outbox.ts';
import { sampleContribution } from '../../testing/sample-messages.ts';
import { countPing, createConnection, isSilent, noteSignOfLife, type Connection } from './connection.ts';

const createWatched = () => ({
  ...createConnection(
    { inbox: createInbox(decodeWorkerHeader, defaultLimits), outbox: createOutbox(), loans: undefined, control: [] },
    1,
  ),
  mayLeaveUnanswered: 8,
});

/** The largest number of unanswered pings for which the connection is not yet silent. */
function patienceWith(connection: Connection<unknown>): number {
  for (connection.unanswered = 0; !isSilent(connection); connection.unanswered += 1)
    if (connection.unanswered > 1000) return Infinity;
  return connection.unanswered - 1;
}

describe('a connection whose other end says nothing', () => {
  it('is given up after as many pings as may be unanswered', () => {
    expect(patienceWith(createWatched())).toBe(8);
  });

  it('is given four times as long as its slowest answer lately, and less when that was long ago', () => {
    const connection = createWatched();
    connection.unanswered = 5;
    noteSignOfLife(connection);
    expect(patienceWith(connection)).toBe(20);
    connection.unanswered = 0;
    for (let answers = 0; answers < 100; answers++) {
      countPing(connection);
      noteSignOfLife(connection);
    }
    expect(patienceWith(connection)).toBe(8);
  });

  it('is given as long after many frames at once as after one', () => {
    const connection = createWatched();
    connection.unanswered = 5;
    for (let frames = 0; frames < 1000; frames++) noteSignOfLife(connection);
    expect(patienceWith(connection)).toBe(20);
  });

  it('is given five times as long while arrays are on their way, in either direction', () => {
    const weights = {
      kind: 'weights',
      run: 'r',
      incarnation: 1,
      membership: 1,
      network: 'generator',
      version: 1,
      values: new Float32Array(4).fill(0.1),
    } as const;
    const receiving = createWatched();
    receiving.outbox.add(weights);
    while (receiving.outbox.next() !== undefined);
    expect(patienceWith(receiving)).toBe(40);
    receiving.outbox.grant();
    expect(patienceWith(receiving)).toBe(8);

    const sending = createWatched();
    const contribution = sampleContribution({ sums: [new Float32Array(4).fill(0.1)] });
    sending.inbox.accept('H', encodeMessage(contribution).header);
    expect(patienceWith(sending)).toBe(40);
    sending.inbox.accept('C', new Uint8Array(16));
    expect(patienceWith(sending)).toBe(8);
  });
});
