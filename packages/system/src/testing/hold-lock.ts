/**
 * A program for tests: takes the lock that its first parameter names, and prints a line for everything that happens.
 * The second parameter is a JSON object: `heartbeatMs`, `takeOver`, `wait`. For each line on its standard input, it
 * prints whether the lock is still its own. When its standard input ends, it releases the lock and ends.
 */
import { createInterface } from 'node:readline';
import { UserError } from '@lstm-gan/core/errors';
import { takeLock } from '../lock/take-lock.ts';

const [file, text] = process.argv.slice(2);
const { heartbeatMs, takeOver, wait } = JSON.parse(text) as {
  heartbeatMs?: number;
  takeOver?: boolean;
  wait?: boolean;
};
const print = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  const lock = await takeLock(file, {
    what: 'the folder',
    refuse: wait === true ? undefined : (owner) => new UserError({ code: 'in-use', message: owner, advice: '' }),
    onNotice: (sentence) => print(`notice: ${sentence}`),
    takeOver,
    heartbeatMs,
  });
  print(lock.isTakenOver ? 'taken over' : 'taken');
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      lock.confirm();
      print(`${line}: own`);
    } catch (error) {
      print(`${line}: ${(error as Error).message}`);
    }
  }
  lock.release();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  print(`refused: ${error.message}`);
}
