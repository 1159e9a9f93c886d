import { performance } from 'node:perf_hooks';
import { addCacheDir, cacheDirOf, exitCodes, positiveInteger, type CacheOptions } from '@lstm-gan/command-line';
import { provisionWithProgress } from '@lstm-gan/command-line/terminal';
import { findPreset } from '@lstm-gan/coordinator/program';
import { UserError } from '@lstm-gan/core/errors';
import { compareWithGolden, type RunUnit } from '@lstm-gan/core/golden';
import { diagnose, openEngine, type EngineName } from '@lstm-gan/engine';
import { createRunConfig } from '@lstm-gan/run';
import { readWhole } from '@lstm-gan/system';
import { Option, type Command } from 'commander';
import { compareBits, comparisonLines, computeBits, describeBits, readBits } from '../doctor/bits.ts';
import { writeOutput } from '../write-output.ts';

interface DoctorOptions extends CacheOptions {
  readonly golden?: string;
  readonly engine: EngineName;
  readonly writeBits?: string;
  readonly preset: string;
  readonly threads?: number;
  readonly compareBits?: readonly string[];
}

const examples = `
Examples:
  $ lstm-gan doctor
  $ lstm-gan doctor --golden article.safetensors --engine eager
  $ lstm-gan doctor --write-bits here.json --preset rows
  $ lstm-gan doctor --compare-bits here.json there.json     # which operations give other bits there?

With --golden, the exit code is 1 if any error exceeds its tolerance; with --compare-bits, if any value differs.`;

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('tell what this machine computes with, and whether its results are right')
    .option('--golden <file>', 'compare the results with golden values')
    .addOption(new Option('--engine <name>', 'engine to compare').choices(['graph', 'eager']).default('graph'))
    .addOption(
      new Option(
        '--write-bits <file>',
        "write hashes of all values that a preset's units compute on a fixed input",
      ).conflicts(['golden', 'compareBits']),
    )
    .option('--preset <name>', 'with --write-bits: whose units', 'digits')
    .option('--threads <count>', 'with --write-bits: number of threads (default: 1)', positiveInteger)
    .addOption(
      new Option(
        '--compare-bits <files...>',
        'compare two files of --write-bits, from two machines or settings',
      ).conflicts('golden'),
    )
    .addHelpText('after', examples);
  addCacheDir(command).action((options: DoctorOptions) => {
    if (options.golden !== undefined) return compare(options, options.golden);
    if (options.writeBits !== undefined) return writeBits(options, options.writeBits);
    if (options.compareBits !== undefined) return compareBitsOf(options.compareBits);
    return tell(options);
  });
}

async function writeBits({ preset, threads = 1, ...options }: DoctorOptions, file: string): Promise<void> {
  const config = createRunConfig(findPreset(preset));
  const provisioned = await provisionWithProgress(cacheDirOf(options), 'cpu', () => performance.now());
  const bits = await computeBits(provisioned, preset, config, threads);
  await writeOutput(file, `${JSON.stringify(bits, null, 1)}\n`);
  process.stdout.write(`${file}: ${describeBits(bits)}\n`);
}

async function compareBitsOf(files: readonly string[]): Promise<void> {
  const [a, b, ...others] = files;
  if (b === undefined || others.length > 0)
    throw new UserError({
      code: 'bits-file',
      message: `--compare-bits compares two files, got ${files.length}.`,
      advice: 'For example lstm-gan doctor --compare-bits here.json there.json.',
    });
  const bits = [await readBits(a), await readBits(b)] as const;
  const comparisons = compareBits(...bits);
  process.stdout.write(
    [...bits.map((each, k) => `${files[k]}: ${describeBits(each)}`), ...comparisonLines(comparisons), ''].join('\n'),
  );
  if (comparisons.some(({ differing }) => differing > 0)) process.exitCode = exitCodes.failure;
}

async function tell(options: DoctorOptions): Promise<void> {
  const findings = await diagnose(cacheDirOf(options));
  const width = Math.max(...findings.map(({ what }) => what.length));
  process.stdout.write(findings.map(({ what, found }) => `${what.padEnd(width)}  ${found}\n`).join(''));
  if (findings.some(({ missing }) => missing)) process.exitCode = exitCodes.failure;
}

async function compare(options: DoctorOptions, file: string): Promise<void> {
  const advice = 'Give the path of a golden file.';
  const bytes = await readWhole(
    file,
    (reason, cause) => new UserError({ code: 'no-file', message: `${file} cannot be read: ${reason}.`, advice, cause }),
  );
  const cacheDir = cacheDirOf(options);
  await provisionWithProgress(cacheDir, 'cpu', () => performance.now());
  const engine = await openEngine(options.engine, { cacheDir, threads: 1, device: 'cpu' });
  const run: RunUnit = async (unit, inputs) => (await engine.compile(unit)).run(inputs);
  const results = await compareWithGolden(run, new Uint8Array(bytes)).finally(() => engine.close());
  const width = Math.max(...results.map(({ group }) => group.length));
  for (const { group, largestError, tolerance, passed, worst, count } of results) {
    const verdict = passed ? 'ok    ' : 'WRONG ';
    process.stdout.write(
      `${verdict} ${group.padEnd(width)}  largest error ${largestError.toExponential(2)} of ${tolerance.toExponential(0)} allowed, in ${worst} (${count} tensors)\n`,
    );
  }
  if (!results.every(({ passed }) => passed)) process.exitCode = exitCodes.failure;
}
