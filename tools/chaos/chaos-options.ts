/** The options of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { cableKinds, faultKinds, faults, type FaultKind } from './fault-schedule.ts';

const usage = `npm run chaos -- [options]

  --minutes M                  train without faults for M minutes, then train as many steps again with faults (2)
  --segments N                 train in N segments, each with and without faults (1), because the speed of a machine varies
  --quiet FILE                 compare with the run without faults in FILE, the --out of an earlier call, instead of making one
  --kill-every S               seconds of training between faults of workers, on average (5); 0 for none
  --kill-coordinator-every T   seconds of training between kills of the coordinator (0: none); must be more than
                               --checkpoint-every, or the run makes no progress
                               After a fault, at most a second (or four steps, if these take longer) of the pause in
                               training counts for either.
                               Lists of both, such as 60,60,5 and 0,300,0, are several schedules, each compared with the same
                               run without faults
  --kinds LIST                 kinds of faults of workers, separated by commas, from these (kill):
${faultKinds.map((kind) => `                                 ${kind.padEnd(10)} ${faults[kind]}`).join('\n')}
  --workers N                  worker processes (2); one that ends is replaced at once
  --exchange KIND              star or sliced (star)
  --preset NAME, --config FILE what is trained, as in lstm-gan train (digits)
  --checkpoint-every S         seconds (10)
  --rate RATE                  run coordinator and workers in network namespaces, joined by cables of that rate, written as for
                               tc (1gbit for ${cableKinds.join(' and ')}, which need cables); needs root
  --seed N                     of the faults (1)
  --out FILE                   write the result to FILE as JSON
  --help

The exit code is 1 if the state at the end differs in any bit, or if a step is missing or written twice. It is 3 if nothing
could be tested because this machine allows no network namespaces.
`;

export interface ChaosOptions {
  readonly minutes: number;
  /** Into how many segments each run is divided: the run without faults, and every run with faults. */
  readonly segments: number;
  /** A file with an earlier run without faults, to compare with. If undefined, a new run without faults is made. */
  readonly quiet: string | undefined;
  readonly kinds: readonly FaultKind[];
  readonly schedules: readonly {
    /** Seconds of training between faults of workers; 0 for none. */
    readonly everyS: number;
    /** Seconds of training between kills of the coordinator; 0 for none. */
    readonly coordinatorEveryS: number;
  }[];
  readonly workers: number;
  /** What is trained, as options of `lstm-gan coordinator`. These options decide the bits. */
  readonly what: readonly string[];
  /** How it is trained, as options of `lstm-gan coordinator`. */
  readonly how: readonly string[];
  /** The rate of the cables; undefined without cables. */
  readonly rate: string | undefined;
  /** The seed that decides the faults. */
  readonly seed: number;
  readonly out: string | undefined;
}

/** Ends the process with a sentence and the usage. */
export function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n\n${usage}`);
  process.exit(2);
}

/** Reads the command line. Ends the process if it asks for help or is not valid. */
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
    segments: wholeNumber(values.segments),
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
        segments: { type: 'string', default: '1' },
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
      `--kill-every has ${every.length} schedules and --kill-coordinator-every ${coordinatorEvery.length}: give the same number, or one.`,
    );
  }
  const checkpointEveryS = number(values['checkpoint-every'], 0);
  const tooOften = coordinatorEvery.find((seconds) => seconds > 0 && seconds <= checkpointEveryS);
  if (tooOften !== undefined)
    refuse(
      `A coordinator that is killed every ${tooOften} s and writes a checkpoint every ${checkpointEveryS} s makes no progress: kill it less often than that.`,
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
