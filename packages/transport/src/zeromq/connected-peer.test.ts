import { describe, expect, it } from 'vitest';
import { decodeWorkerHeader, defaultLimits, encodeMessage } from '../codec/codec.ts';
import { createInbox, createOutbox } from '../codec/stream.ts';
import { createConnectedPeer, hear, isSilent, type ConnectedPeer } from './connected-peer.ts';

const createPeer = () => ({
  ...createConnectedPeer(
    { inbox: createInbox(decodeWorkerHeader, defaultLimits), outbox: createOutbox(), line: undefined, control: [] },
    1,
  ),
  mayLeaveUnanswered: 8,
});

/** How many pings it takes until a peer that says nothing is given up. */
function patienceWith(peer: ConnectedPeer<unknown>): number {
  for (peer.unanswered = 0; !isSilent(peer); peer.unanswered += 1) if (peer.unanswered > 1000) return Infinity;
  return peer.unanswered - 1;
}

describe('a peer that says nothing', () => {
  it('is given up behind as many pings as it may leave unanswered', () => {
    expect(patienceWith(createPeer())).toBe(8);
  });

  it('is given four times what its line took lately, and less again when that is long ago', () => {
    const peer = createPeer();
    peer.unanswered = 5;
    hear(peer);
    expect(patienceWith(peer)).toBe(20);
    for (let answers = 0; answers < 100; answers++) {
      peer.unanswered = 0;
      hear(peer);
    }
    expect(patienceWith(peer)).toBe(8);
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
    const receiving = createPeer();
    receiving.outbox.add(weights);
    while (receiving.outbox.next() !== undefined);
    expect(patienceWith(receiving)).toBe(40);
    receiving.outbox.grant();
    expect(patienceWith(receiving)).toBe(8);

    const sending = createPeer();
    const contribution = {
      kind: 'contribution',
      run: 'r',
      incarnation: 1,
      membership: 1,
      step: 1,
      phase: 'generator',
      turn: 0,
      crew: 0,
      lease: 1,
      weightsVersions: { generator: 1, discriminator: 1 },
      subtrees: [{ start: 0, end: 1 }],
      losses: [{ shard: 0, loss: 0.5, penalty: 0 }],
      computeMs: 1,
      waitingMs: 0,
      sums: [new Float32Array(4).fill(0.1)],
    } as const;
    sending.inbox.accept('H', encodeMessage(contribution).header);
    expect(patienceWith(sending)).toBe(40);
    sending.inbox.accept('C', new Uint8Array(16));
    expect(patienceWith(sending)).toBe(8);
  });
});
