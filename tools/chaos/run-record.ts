/** What a run's folder tells while it trains: the steps that are committed, and when somebody was found to be gone. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The last step of metrics.jsonl; 0 before the first. */
export function lastStep(out: string): number {
  const steps = readSteps(out);
  return steps.at(-1) ?? 0;
}

/** All steps of metrics.jsonl, in the order of its lines. */
export function readSteps(out: string): number[] {
  const file = path.join(out, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  return [...readFileSync(file, 'utf8').matchAll(/^\{"step":(\d+),.*\}$/gm)].map(([, step]) => Number(step));
}

/** Bytes of metrics.jsonl: they grow with every step. */
export function metricsBytes(out: string): number {
  const file = path.join(out, 'metrics.jsonl');
  return existsSync(file) ? statSync(file).size : 0;
}

/** When the log says first that a worker is gone, in milliseconds since 1970. */
export function goneAtMs(out: string, worker: string): number | undefined {
  const lines = readFileSync(path.join(out, 'log.jsonl'), 'utf8').split('\n');
  const line = lines.find((text) => text.includes(`Worker ${worker} is gone`));
  return line === undefined ? undefined : (JSON.parse(line) as { time: number }).time;
}
