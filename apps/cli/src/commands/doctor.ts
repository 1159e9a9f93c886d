import { readFile } from 'node:fs/promises';
import { addCacheDir, cacheDirOf, exitCodes, type CacheOptions } from '@lstm-gan/command-line';
import { UserError } from '@lstm-gan/core/errors';
import { compareWithGolden, type RunUnit } from '@lstm-gan/core/golden';
import { diagnose, openEngine, provision, type EngineName } from '@lstm-gan/engine';
import { Option, type Command } from 'commander';

interface DoctorOptions extends CacheOptions {
  readonly golden?: string;
  readonly engine: EngineName;
}

const examples = `
Examples:
  $ lstm-gan doctor
  $ lstm-gan doctor --golden article.safetensors --engine eager

With --golden, the exit code is 1 if any error exceeds its tolerance.`;

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('tell what this machine computes with, and whether its results are right')
    .option('--golden <file>', 'compare the results with golden values')
    .addOption(new Option('--engine <name>', 'engine to compare').choices(['graph', 'eager']).default('graph'))
    .addHelpText('after', examples);
  addCacheDir(command).action((options: DoctorOptions) =>
    options.golden === undefined ? tell(options) : compare(options, options.golden),
  );
}

async function tell(options: DoctorOptions): Promise<void> {
  const findings = await diagnose(cacheDirOf(options));
  const width = Math.max(...findings.map(({ what }) => what.length));
  process.stdout.write(findings.map(({ what, found }) => `${what.padEnd(width)}  ${found}\n`).join(''));
  if (findings.some(({ missing }) => missing)) process.exitCode = exitCodes.failure;
}

async function compare(options: DoctorOptions, file: string): Promise<void> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new UserError({
      code: 'no-file',
      message: `${file} cannot be read.`,
      advice: 'Give the path of a golden file.',
      cause,
    });
  });
  const cacheDir = cacheDirOf(options);
  await provision({ cacheDir, variant: 'cpu' });
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
