/** What a link between workers promises. Every implementation passes this suite. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PeerLink, PeerLinkEvent } from '../links.ts';
import type { Message, PeerMessage } from '../protocol/messages.ts';

import { take } from './link-contract.ts';

const renewed = (slice: number, floats: number): Message<'renewed'> => ({
  kind: 'renewed',
  run: 'r',
  incarnation: 1,
  step: 1,
  phase: 'generator',
  turn: 0,
  crew: 1,
  slice,
  values: Float32Array.from({ length: floats }, (_, i) => slice * 1000 + (i % 997)),
});

/** @param admits who can connect: `anybody` if the address is a socket file, because then no keys are checked */
export function testPeerLink(
  name: string,
  open: () => Promise<PeerLink>,
  admits: 'listed' | 'anybody' = 'listed',
): void {
  describe(`the ${name} link between workers`, () => {
    const opened: PeerLink[] = [];
    afterEach(async () => {
      for (const link of opened.splice(0)) await link.close();
    });
    const start = async (count: number) => {
      const links: PeerLink[] = [];
      for (let k = 0; k < count; k++) links.push(await open());
      opened.push(...links);
      const members = links.map(({ address, publicKey }, k) => ({ name: `w-${k}`, address, publicKey }));
      const peers = links.map((link) => ({ link, events: link.events()[Symbol.asyncIterator]() }));
      const meetAll = () => links.forEach((link, k) => link.meet(members.filter((_, other) => other !== k)));
      return { peers, members, meetAll };
    };
    const takeMessage = async (events: AsyncIterator<PeerLinkEvent>): Promise<PeerMessage> => {
      const event = await take(events);
      if (event.kind !== 'message') throw new Error(`${event.worker} is unreachable: ${event.sentence}`);
      return event.message;
    };

    it('carries messages in order, once, to the worker that they are for', async () => {
      const {
        peers: [a, b, c],
        meetAll,
      } = await start(3);
      meetAll();
      for (let slice = 0; slice < 5; slice++) a.link.send('w-1', renewed(slice, 10 * slice + 1));
      a.link.send('w-2', renewed(9, 3));
      for (let slice = 0; slice < 5; slice++)
        expect(await takeMessage(b.events)).toEqual(renewed(slice, 10 * slice + 1));
      expect(await takeMessage(c.events)).toEqual(renewed(9, 3));
    });

    it('carries 24 MB from each of three workers to the others at once, whole', async () => {
      const { peers, meetAll } = await start(3);
      meetAll();
      const floats = 2_000_000;
      peers.forEach(({ link }, from) =>
        peers.forEach((_, to) => void (to !== from && link.send(`w-${to}`, renewed(from, floats)))),
      );
      for (const [to, { events }] of peers.entries()) {
        const got = [await takeMessage(events), await takeMessage(events)].sort((a, b) => a.slice - b.slice);
        expect(got.map(({ slice }) => slice)).toEqual([0, 1, 2].filter((from) => from !== to));
        for (const { slice, values } of got)
          expect(
            Buffer.from(values.buffer, values.byteOffset, values.byteLength).equals(
              Buffer.from(renewed(slice, floats).values.buffer),
            ),
          ).toBe(true);
      }
    });

    if (admits === 'listed') {
      it('lets in only workers that it has met, and tells the others so', async () => {
        const {
          peers: [a, b, c],
          members,
        } = await start(3);
        b.link.meet([members[2]]);
        a.link.meet([members[1]]);
        c.link.meet([members[1]]);
        a.link.send('w-1', renewed(1, 4));
        expect(await take(a.events)).toMatchObject({ kind: 'unreachable', worker: 'w-1' });
        c.link.send('w-1', renewed(2, 4));
        expect(await takeMessage(b.events)).toEqual(renewed(2, 4));
      });

      it('does not hear a worker that is no longer a peer, although their connection was made before', async () => {
        const {
          peers: [a, b, c],
          members,
          meetAll,
        } = await start(3);
        meetAll();
        for (const { link } of [a, c]) link.send('w-1', renewed(1, 4));
        for (let k = 0; k < 2; k++) expect(await takeMessage(b.events)).toEqual(renewed(1, 4));
        b.link.meet([members[2]]);
        a.link.send('w-1', renewed(2, 4));
        expect(await take(a.events)).toMatchObject({ kind: 'unreachable', worker: 'w-1' });
        c.link.send('w-1', renewed(3, 4));
        expect(await takeMessage(b.events)).toEqual(renewed(3, 4));
      });
    }

    it('says that a worker is gone, and drops messages for a worker that is no longer a peer', async () => {
      const {
        peers: [a, b, c],
        members,
        meetAll,
      } = await start(3);
      meetAll();
      a.link.send('w-1', renewed(1, 4));
      expect(await takeMessage(b.events)).toEqual(renewed(1, 4));
      await b.link.close();
      a.link.send('w-1', renewed(1, 4));
      expect(await take(a.events)).toMatchObject({ kind: 'unreachable', worker: 'w-1' });
      a.link.meet([members[2]]);
      a.link.send('w-1', renewed(1, 4));
      a.link.send('w-2', renewed(3, 4));
      expect(await takeMessage(c.events)).toEqual(renewed(3, 4));
    });

    it('ends its events when it is closed, and may be closed twice', async () => {
      const {
        peers: [a],
      } = await start(1);
      await a.link.close();
      await a.link.close();
      expect((await a.events.next()).done).toBe(true);
    });
  });
}
