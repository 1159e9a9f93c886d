import { expect, it } from 'vitest';
import { message } from './message-entry.ts';
import {
  allMessages,
  coordinatorMessages,
  peerAnswers,
  peerMessages,
  workerMessages,
  type Message,
} from './messages.ts';
import { count, shard } from './shared-fields.ts';

it('has one entry for a kind of message, also if several ends send it', () => {
  for (const table of [workerMessages, coordinatorMessages, peerMessages, peerAnswers])
    for (const [kind, entry] of Object.entries(table)) expect(allMessages[kind as Message['kind']], kind).toBe(entry);
});

it('does not compile a message without a sample, with a sample that lacks a field, or without a schema', () => {
  // @ts-expect-error There is no sample.
  message({ fields: { count } });
  // @ts-expect-error There must be at least one sample.
  message({ fields: { count }, samples: [] });
  message({
    fields: { count },
    arrays: { sums: 'float32' },
    // @ts-expect-error The sample lacks its array.
    samples: [{ count: 1 }],
  });
  message({
    fields: { shard },
    // @ts-expect-error No field is called `shards`.
    arrays: { sums: { listOf: 'float32', oneForEach: 'shards' } },
    samples: [{ shard: 1 }],
  });
  // @ts-expect-error No entry has this kind.
  const unknown: Message['kind'] = 'unknown';
  expect(Object.keys(allMessages)).not.toContain(unknown);
});
