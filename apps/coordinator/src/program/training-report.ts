/** What a training prints on standard output when it has ended: lines for people, or one line of JSON. */
import path from 'node:path';
import type { Dataset } from '@lstm-gan/data';
import { checkpointFile, describeStop, printable, shellWord, type Finding, type StopRule } from '@lstm-gan/run';
import type { OpenRun } from '../open-run/open-run.ts';
import type { TrainRunResult } from './train-run.ts';

export interface EndedTraining {
  readonly run: OpenRun;
  /** The last step that was asked for. */
  readonly steps: number;
  readonly stopRule: StopRule | undefined;
  readonly result: TrainRunResult;
}

type EndedBy = 'steps' | 'stop-when' | 'signal';

/** Why a training has ended. `signal`: it was stopped before its end. */
export function endedBy({ steps, stopRule, result }: EndedTraining): EndedBy {
  if (stopRule?.isMet === true) return 'stop-when';
  return result.state.step < steps ? 'signal' : 'steps';
}

/** Returns the report as one line of JSON. */
export function jsonReport(training: EndedTraining): string {
  const { folder, isStrict } = training.run;
  const { state, weightsSha256, imagesPerSecond, losses, findings, evaluated } = training.result;
  return JSON.stringify({
    runDir: path.resolve(folder.root),
    step: state.step,
    weightsSha256,
    imagesPerSecond,
    losses,
    endedBy: endedBy(training),
    evaluated,
    findings: findings.map(({ event, step, images }) => ({ event, step, images })),
    strict: isStrict,
  });
}

/**
 * Returns the report as lines for people: where the results are, and how to continue.
 * @param command the command that trained, with the options that it needs again
 */
export function reportLines(training: EndedTraining, command: string): string[] {
  const { run, steps, stopRule, result } = training;
  const { folder, config, isStrict } = run;
  const { state, weightsSha256, imagesPerSecond, checkpoint, grid, best, findings, evaluated } = result;
  const reason = endedBy(training);
  const rate = Number.isNaN(imagesPerSecond) ? '' : `, ${imagesPerSecond.toFixed(0)} images/s`;
  const lines = [`${reason === 'steps' ? 'Finished' : 'Stopped after'} step ${state.step}${rate}.`];
  if (stopRule?.isMet === true) lines.push(`The stop condition holds: ${describeStop(stopRule)}.`);
  lines.push(`  sample grid  ${grid}`, `  metrics      ${folder.metrics}`, `  checkpoint   ${checkpoint}`);
  if (best !== undefined) {
    const file = checkpointFile(folder.checkpoints, best.step);
    lines.push(`  best         ${file} (${best.metric} ${best.value.toPrecision(4)})`);
  }
  for (const [key, { newest, best: bestOf }] of Object.entries(evaluated)) {
    const [value, bestValue] = [newest.value, bestOf.value].map((number) => number.toPrecision(4));
    lines.push(`  evaluated    ${key} ${value} after step ${newest.step}; best ${bestValue} after step ${bestOf.step}`);
  }
  lines.push(`  weights      sha256 ${weightsSha256}${isStrict ? '' : ' (of this run alone: --no-strict)'}`);
  lines.push(...findingLines(findings));
  const nextSteps = reason === 'signal' ? steps : state.step * 2;
  lines.push('To continue:', `  npx lstm-gan ${command} --resume ${shellWord(folder.root)} --steps ${nextSteps}`);
  // A hint for newcomers, who begin with the digits.
  if (config.data === 'digits') {
    lines.push(
      "The article's own configuration:",
      '  npx lstm-gan train --preset article --data emoji --out runs/article',
    );
  }
  return lines;
}

/** What went wrong while the run trained, and what to try. */
function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ step, images, message, advice }) => [
    `  step ${step}, ${images.toLocaleString('en')} images: ${message}`,
    `    ${advice}`,
  ]);
  return ['This training went wrong:', ...lines];
}

const shownLeftOut = 10;

/**
 * Returns lines about files of the data that were left out. The lines are printed last, so that they stay visible.
 * @param rest what is said where there are more than fit
 */
export function leftOutLines({ leftOut }: Dataset, rest = '; log.jsonl names them'): string[] {
  if (leftOut.length === 0) return [];
  const lines = leftOut.slice(0, shownLeftOut).map(({ file, reason }) => `  ${printable(file)}: ${printable(reason)}`);
  const more = leftOut.length - shownLeftOut;
  return [
    `${leftOut.length} files of the data could not be used and were left out:`,
    ...lines,
    ...(more > 0 ? [`  and ${more} more${rest}`] : []),
  ];
}
