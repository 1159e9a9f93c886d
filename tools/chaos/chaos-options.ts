/** What `npm run chaos` is told. */
import { parseArgs } from 'node:util';
import { cableKinds, faultKinds, faults, type FaultKind } from './fault-schedule.ts';

const usage = `npm run chaos -- [options]

  --minutes M                  train in peace for so long, then as many steps again in chaos (2)
  --turns N                    in so many turns, one of peace and one of chaos, and so on (1): the speed of a machine wanders
  --quiet FILE                 the result of another run of chaos (its --out): its quiet run is compared with, instead of one made now
  --kill-every S               seconds of training between faults of workers, on average (5); 0 for none
  --kill-coordinator-every T   seconds of training between kills of the coordinator (0: none); more than --checkpoint-every, or it gets nowhere
                               The time until training goes on after a fault does not count for either.
                               Lists of both, such as 60,60,5 and 0,300,0, are schedules that take turns with the same peace
  --kinds LIST                 faults of workers, of these (kill):
${faultKinds.map((kind) => `                                 ${kind.padEnd(10)} ${faults[kind]}`).join('\n')}
  --workers N                  worker processes (2); whoever is gone is replaced at once
  --exchange KIND              star or sliced (star)
  --preset NAME, --config FILE what is trained, as in lstm-gan train (digits)
  --checkpoint-every S         seconds (10)
  --rate RATE                  coordinator and workers in network namespaces, on cables of that rate, as tc takes it
                               (1gbit, where ${cableKinds.join(' or ')} needs cables): takes their rights
  --seed N                     of the faults (1)
  --out FILE                   keeps the result as JSON
  --help

Ends with exit code 1 where the state at the end is not the same, bit for bit, or a step is missing or written twice; with 3
where nothing could be tried, because this machine allows no network namespaces.
`;

export interface ChaosOptions {
  readonly minutes: number;
  /** Of peace, and of each schedule. */
  readonly turns: number;
  /** A file with the quiet run to compare with. */
  readonly quiet: string | undefined;
  readonly kinds: readonly FaultKind[];
  readonly schedules: readonly {
    /** Seconds of training between faults of workers; 0 for none. */
    readonly everyS: number;
    /** Seconds of training between kills of the coordinator; 0 for none. */
    readonly coordinatorEveryS: number;
  }[];
  readonly workers: number;
  /** What is trained, as options of `lstm-gan coordinator`: it decides the bits. */
  readonly what: readonly string[];
  /** How it is trained, as options of `lstm-gan coordinator`. */
  readonly how: readonly string[];
  /** Of cables, where there are any. */
  readonly rate: string | undefined;
  readonly seed: number;
  readonly out: string | undefined;
}

/** Ends the process with a sentence. */
export function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

/** Reads the command line; ends the process where it asks for help, or is none. */
export function readOptions(): ChaosOptions {
  const values = parse();
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const kinds = readKinds(values.kinds);
  const needsCables = kinds.some((kind) => cableKinds.includes(kind));
  return {
    minutes: number(values.minutes, 0.1),
    turns: wholeNumber(values.turns),
    quiet: values.quiet,
    kinds,
    schedules: readSchedules(values),
    workers: wholeNumber(values.workers),
    what: [
      ...(values.preset === undefined ? [] : ['--preset', values.preset]),
      ...(values.config === undefined ? [] : ['--config', values.config]),
    ],
    how: ['--exchange', values.exchange, '--checkpoint-every', values['checkpoint-every']],
    rate: values.rate ?? (needsCables ? '1gbit' : undefined),
    seed: number(values.seed, 0),
    out: values.out,
  };
}

function parse() {
  try {
    return parseArgs({
      options: {
        minutes: { type: 'string', default: '2' },
        turns: { type: 'string', default: '1' },
        quiet: { type: 'string' },
        'kill-every': { type: 'string', default: '5' },
        'kill-coordinator-every': { type: 'string', default: '0' },
        kinds: { type: 'string', default: 'kill' },
        workers: { type: 'string', default: '2' },
        exchange: { type: 'string', default: 'star' },
        preset: { type: 'string' },
        config: { type: 'string' },
        'checkpoint-every': { type: 'string', default: '10' },
        rate: { type: 'string' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function readSchedules(values: ReturnType<typeof parse>): ChaosOptions['schedules'] {
  const list = (text: string): number[] => text.split(',').map((part) => number(part, 0));
  const [every, coordinatorEvery] = [list(values['kill-every']), list(values['kill-coordinator-every'])];
  if (every.length > 1 && coordinatorEvery.length > 1 && every.length !== coordinatorEvery.length) {
    refuse(
      `--kill-every has ${every.length} schedules and --kill-coordinator-every ${coordinatorEvery.length}: give as many, or one.`,
    );
  }
  const checkpointEveryS = number(values['checkpoint-every'], 0);
  const tooOften = coordinatorEvery.find((seconds) => seconds > 0 && seconds <= checkpointEveryS);
  if (tooOften !== undefined)
    refuse(
      `A coordinator that is killed every ${tooOften} s and writes a checkpoint every ${checkpointEveryS} s gets nowhere: kill it less often than that.`,
    );
  return Array.from({ length: Math.max(every.length, coordinatorEvery.length) }, (_, k) => ({
    everyS: every[k] ?? every[0],
    coordinatorEveryS: coordinatorEvery[k] ?? coordinatorEvery[0],
  }));
}

function number(text: string, least: number): number {
  const value = Number(text);
  return text.trim() !== '' && value >= least ? value : refuse(`Expected a number from ${least}, got ${text}.`);
}

function wholeNumber(text: string): number {
  const value = number(text, 1);
  return Number.isSafeInteger(value) ? value : refuse(`Expected a whole number, got ${text}.`);
}

function readKinds(text: string): FaultKind[] {
  const known = (kind: string): kind is FaultKind => (faultKinds as readonly string[]).includes(kind);
  return text
    .split(',')
    .map((kind) => (known(kind) ? kind : refuse(`There is no fault ${kind}; there are ${faultKinds.join(', ')}.`)));
}
