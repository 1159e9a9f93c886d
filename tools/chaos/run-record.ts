/** Reads the folder of a run that trains: its committed steps, its checkpoints, and when it lost a worker. */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { assert } from '@lstm-gan/core/errors';
import { checkpointsOf, newestCheckpoint } from '@lstm-gan/run';

/** The last step of metrics.jsonl; 0 before the first. Reads only the end of the file, because it is called often. */
export function lastStep(out: string): number {
  const file = path.join(out, 'metrics.jsonl');
  if (!existsSync(file)) return 0;
  const descriptor = openSync(file, 'r');
  try {
    const end = Buffer.alloc(8192);
    const bytes = readSync(descriptor, end, 0, end.length, Math.max(0, fstatSync(descriptor).size - end.length));
    return stepsIn(end.toString('utf8', 0, bytes)).at(-1) ?? 0;
  } finally {
    closeSync(descriptor);
  }
}

/** All steps of metrics.jsonl, in the order of its lines. */
export function readSteps(out: string): number[] {
  const file = path.join(out, 'metrics.jsonl');
  return existsSync(file) ? stepsIn(readFileSync(file, 'utf8')) : [];
}

/** The steps of the complete lines. The last line may not be written completely yet. */
function stepsIn(lines: string): number[] {
  return [...lines.matchAll(/^\{"step":(\d+),.*\}$/gm)].map(([, step]) => Number(step));
}

/** Bytes of metrics.jsonl, which grows with every step. */
export function metricsBytes(out: string): number {
  const file = path.join(out, 'metrics.jsonl');
  return existsSync(file) ? statSync(file).size : 0;
}

/**
 * The hash of the last checkpoint's file. A checkpoint holds no times, so runs that computed the same have the same
 * hash.
 */
export async function checkpointSha256(out: string): Promise<string> {
  const newest = await newestCheckpoint(checkpointsOf(out));
  assert(newest !== undefined, 'a run that has ended has a checkpoint');
  return createHash('sha256').update(readFileSync(newest.file)).digest('hex');
}

/**
 * When the log says that a worker is gone, in milliseconds since 1970; undefined if the worker did not take part at
 * `sinceMs`. Other workers may have had the same name before and later.
 */
export function goneAtMs(out: string, worker: string, sinceMs: number): number | undefined {
  const lines = readFileSync(path.join(out, 'log.jsonl'), 'utf8')
    .split('\n')
    .filter((text) => text.includes(`Worker ${worker} `));
  const events = lines
    .map((line) => JSON.parse(line) as { time: number; msg: string })
    .filter(({ msg }) => / joined | is gone/.test(msg));
  const next = events.findIndex(({ time }) => time >= sinceMs);
  if (next < 1 || !events[next - 1].msg.includes(' joined ')) return undefined;
  return events[next].time;
}
