import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFlowChoice, createFlowOrder, type OrderedFrame } from './flow-order.ts';
import { initialCredit } from './frame.ts';

/** Messages as frames. The byte of a header says how many chunks follow. */
const framesOf = (chunkCounts: readonly number[]): OrderedFrame[] =>
  chunkCounts.flatMap((count, message) => [
    { kind: 'H' as const, bytes: Uint8Array.of(count) },
    ...Array.from({ length: count }, (_, chunk) => ({ kind: 'C' as const, bytes: Uint8Array.of(message, chunk) })),
  ]);

it('gives frames in the order in which they were sent, however far one flow is ahead of another', () => {
  const messages = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      messages,
      fc.infiniteStream(fc.nat()),
      (flowCount, chunkCounts, draws) => {
        const sent: OrderedFrame[] = [...framesOf(chunkCounts), { kind: 'B' }];
        const choice = createFlowChoice(flowCount);
        const flows: OrderedFrame[][] = Array.from({ length: flowCount }, () => []);
        for (const frame of sent) flows[choice.of(frame.kind)].push(frame);
        const order = createFlowOrder(flowCount);
        const got: OrderedFrame[] = [];
        let missing = 0;
        while (flows.some((flow) => flow.length > 0)) {
          const ready = flows.flatMap((flow, k) => (flow.length > 0 ? [k] : []));
          const flow = ready[(draws.next().value as number) % ready.length];
          order.put(flow, flows[flow].shift() as OrderedFrame);
          for (let frame = order.next(missing > 0); frame !== undefined; frame = order.next(missing > 0)) {
            if (frame.kind === 'H') [missing] = frame.bytes;
            if (frame.kind === 'C') missing -= 1;
            got.push(frame);
          }
        }
        expect(got).toEqual(sent);
      },
    ),
  );
});

it('sends chunks over each flow in turn, and all other frames over the first', () => {
  const choice = createFlowChoice(3);
  expect(['H', 'C', 'C', 'P', 'C', 'G', 'C', 'H', 'C', 'B'].map((kind) => choice.of(kind))).toEqual([
    0, 0, 1, 0, 2, 0, 0, 0, 1, 0,
  ]);
});

it('refuses to hold more frames than a sender that keeps to the protocol has under way', () => {
  const chunk: OrderedFrame = { kind: 'C', bytes: Uint8Array.of(1) };
  const order = createFlowOrder(2);
  for (let k = 0; k < initialCredit; k++) order.put(1, chunk);
  expect(() => order.put(1, chunk)).toThrow('9 frames of flow 1');
  for (let k = 0; k < 256; k++) order.put(0, { kind: 'H', bytes: Uint8Array.of(0) });
  expect(() => order.put(0, chunk)).toThrow('257 frames of flow 0');
});
