import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fuzzFrames, tryFrames, type Verdicts } from './fuzz-messages.ts';

it('answers each of 20,000 hostile messages with a ProtocolError, or with a message that stays the same when it is sent on', () => {
  const verdicts: Verdicts = { accepted: 0, refused: 0 };
  const before = Object.getOwnPropertyNames(Object.prototype);
  for (let index = 0; index < 20_000; index++) tryFrames(fuzzFrames(7, index), verdicts);
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  expect(verdicts.accepted).toBeGreaterThan(1000);
  expect(verdicts.refused).toBeGreaterThan(10_000);
});

const corpus = fileURLToPath(new URL('./corpus', import.meta.url));
const kept = existsSync(corpus) ? readdirSync(corpus).sort() : [];

it('answers every kept message: those that once revealed a bug, and one for each sentence of refusal', () => {
  expect(kept.length).toBeGreaterThan(0);
  const messages = kept.flatMap(
    (file) => JSON.parse(readFileSync(`${corpus}/${file}`, 'utf8')) as ['H' | 'C', string][][],
  );
  const verdicts: Verdicts = { accepted: 0, refused: 0 };
  for (const message of messages)
    tryFrames(
      message.map(([kind, text]) => ({ kind, bytes: Buffer.from(text, 'base64') })),
      verdicts,
    );
  expect(verdicts.accepted + verdicts.refused).toBeGreaterThanOrEqual(messages.length);
});
