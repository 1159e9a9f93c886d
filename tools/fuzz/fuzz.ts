/**
 * `npm run fuzz`: tries millions of hostile messages. A message that reveals a bug is kept in the corpus; every test
 * run tries all messages of the corpus again.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzzFrames, tryFrames, type Verdicts } from '../../packages/transport/src/testing/fuzz-messages.ts';

const usage = `npm run fuzz -- [options]

  --messages N   number of messages (2000000)
  --seed N       decides which messages (1)

The only correct answers are a decoded message and a refusal. A message with another answer is kept in packages/transport/src/testing/corpus,
and ends the program with exit code 1.
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
const [count, seed] = [Number(values.messages), Number(values.seed)];
if (values.help || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  process.stdout.write(usage);
  process.exit(values.help ? 0 : 2);
}

const corpus = fileURLToPath(new URL('../../packages/transport/src/testing/corpus', import.meta.url));
const verdicts: Verdicts = { accepted: 0, refused: 0 };
const startMs = performance.now();
const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
let warmBytes = 0;
for (let index = 0; index < count; index++) {
  const frames = fuzzFrames(seed, index);
  try {
    tryFrames(frames, verdicts);
    if (JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) !== prototype)
      throw new Error('The message changed Object.prototype.');
  } catch (error) {
    await mkdir(corpus, { recursive: true });
    const file = path.join(corpus, `seed-${seed}-message-${index}.json`);
    await writeFile(
      file,
      `${JSON.stringify([frames.map(({ kind, bytes }) => [kind, Buffer.from(bytes).toString('base64')])])}\n`,
    );
    process.stderr.write(
      `\nMessage ${index} of seed ${seed}: ${(error as Error).stack ?? String(error)}\nKept in ${file}\n`,
    );
    process.exit(1);
  }
  if (index === Math.floor(count / 10)) warmBytes = process.memoryUsage().rss;
  if (index % 20_000 === 0)
    process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${index} of ${count}${process.stderr.isTTY ? '' : '\n'}`);
}
const seconds = (performance.now() - startMs) / 1000;
const grown = (process.memoryUsage().rss - warmBytes) / 2 ** 20;
process.stdout.write(
  `\n${count} messages of seed ${seed} in ${seconds.toFixed(0)} s, each to four receivers: ${verdicts.accepted} accepted, ${verdicts.refused} refused, no other answer; memory grew by ${grown.toFixed(0)} MB after the first tenth\n`,
);
