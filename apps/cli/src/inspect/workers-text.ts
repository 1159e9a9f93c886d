import { printable } from '@lstm-gan/run';
import type { WorkerInspection } from './worker-records.ts';

/** So many workers that take part are shown, and so many that are gone. */
const [shownPresent, shownGone] = [16, 8];

/** Returns a table of the workers, the slowest first. Empty if there are none. */
export function workersText(workers: readonly WorkerInspection[]): string[] {
  if (workers.length === 0) return [];
  const present = workers.filter(({ takesPart }) => takesPart);
  const gone = workers.filter(({ takesPart }) => !takesPart);
  const shown = [...present.slice(0, shownPresent), ...gone.slice(0, shownGone)].map(row);
  const rows = [['worker', 'shards/s', 'computing', 'steps', 'last step', 'on'], ...shown];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells
      // Numbers are on the right of their columns.
      .map((cell, k) => (k === 0 || k === 5 ? cell.padEnd(widths[k]) : cell.padStart(widths[k])))
      .join('  ')
      .trimEnd(),
  );
  const [head, ...body] = lines.map((line) => `  ${line}`);
  const more = present.slice(shownPresent);
  return [
    '',
    `workers: ${present.length} take part, the slowest first${gone.length === 0 ? '' : `; ${gone.length} are gone`}`,
    head,
    ...body.slice(0, Math.min(present.length, shownPresent)),
    ...(more.length === 0 ? [] : [`  and ${more.length} more${upTo(more)}; --json has all`]),
    ...body.slice(Math.min(present.length, shownPresent)).flatMap((line, k) => [line, ...departureLine(gone[k])]),
    ...(gone.length > shownGone ? [`  and ${gone.length - shownGone} more that are gone; --json has all`] : []),
  ];
}

function row({ name, shardsPerSecond, computingShare, steps, lastStep, device, host }: WorkerInspection): string[] {
  const place = [device, host === null ? null : `at ${host}`].filter((part) => part !== null).join(' ');
  return [
    printable(name),
    shardsPerSecond === null ? '-' : shardsPerSecond.toFixed(shardsPerSecond < 100 ? 2 : 0),
    `${Math.round(100 * computingShare)} %`,
    steps.toLocaleString('en'),
    lastStep === 0 ? '-' : lastStep.toLocaleString('en'),
    printable(place),
  ];
}

function upTo(workers: readonly WorkerInspection[]): string {
  const fastest = workers.reduce((most, { shardsPerSecond }) => Math.max(most, shardsPerSecond ?? 0), 0);
  return fastest === 0 ? '' : `, up to ${fastest.toFixed(2)} shards/s`;
}

/** When a worker departed last, and why. */
function departureLine({ departures, departureCount }: WorkerInspection): string[] {
  const last = departures.at(-1);
  if (last === undefined) return [];
  const time = new Date(last.timeMs).toISOString().slice(0, 19).replace('T', ' ');
  const before = departureCount === 1 ? '' : ` It departed ${departureCount} times.`;
  return [`    gone ${time} UTC: ${printable(last.why)}${before}`];
}
