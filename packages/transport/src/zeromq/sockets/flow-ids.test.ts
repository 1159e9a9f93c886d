import { expect, it } from 'vitest';
import { createFlowIds, defaultFlowCount, readFlowId } from './flow-ids.ts';

it('reads the flows of a connection, and takes every other routing id for a connection of one flow', () => {
  const [first, second] = createFlowIds(2).map((id) => readFlowId(Buffer.from(id)));
  expect([first, second]).toEqual([
    { connection: first.connection, flow: 0, flowCount: 2 },
    { connection: first.connection, flow: 1, flowCount: 2 },
  ]);
  expect(readFlowId(Buffer.from(createFlowIds(2)[0])).connection).not.toBe(first.connection);
  for (const id of ['', 'w', first.connection, `${first.connection}: 2`, `9${first.connection.slice(1)}: 1`])
    expect(readFlowId(Buffer.from(id))).toMatchObject({ flow: 0, flowCount: 1 });
});

it('uses a flow for every second processor, up to four', () => {
  expect([1, 2, 3, 4, 7, 8, 96].map((processors) => defaultFlowCount(processors))).toEqual([1, 1, 1, 2, 3, 4, 4]);
});
