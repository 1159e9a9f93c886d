import path from 'node:path';
import type { ModelOptions } from '@lstm-gan/command-line';
import { UserError } from '@lstm-gan/core/errors';
import { checkFolderOf, renderSvg, type RecordedStep } from '@lstm-gan/run';
import type { Command } from 'commander';
import { inspectionText } from '../inspect/inspection-text.ts';
import { inspectPath } from '../inspect/inspection.ts';
import { lossCurve } from '../inspect/loss-curve.ts';
import { plotSvg } from '../inspect/plot-svg.ts';
import { plotText } from '../inspect/plot-text.ts';
import { addModelOfRun, loadNetworksOf } from '../run-of-place.ts';
import { writeOutput } from '../write-output.ts';

interface InspectOptions extends ModelOptions {
  readonly out?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  $ lstm-gan inspect runs/digits                       # also while it trains
  $ lstm-gan inspect runs/digits --out losses.svg
  $ lstm-gan inspect runs/digits --json | jq .progress.step
  $ lstm-gan inspect runs/digits/checkpoints/step-00001400.safetensors`;

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show a run or a checkpoint: layers, configuration, progress, workers, losses')
    .argument('<run>', 'run folder, or a checkpoint file')
    .option('--out <file>', 'draw the losses as a picture, .svg or .png')
    .option('--json', 'print one line of JSON instead of text')
    .addHelpText('after', examples);
  addModelOfRun(command).action(inspect);
}

const networks = ['discriminator', 'generator'] as const;

async function inspect(place: string, { out, json, model }: InspectOptions): Promise<void> {
  await checkPicture(out);
  await loadNetworksOf(place, { model });
  const { inspection, steps } = await inspectPath(place);
  if (out !== undefined) await drawPicture(out, place, steps);
  if (json === true) {
    process.stdout.write(`${JSON.stringify(inspection)}\n`);
    return;
  }
  const width = Math.min(100, Math.max(40, process.stdout.columns ?? 80));
  const plots =
    steps.length === 0
      ? []
      : networks.flatMap((network) => [
          '',
          ...plotText(`${network}'s loss`, lossCurve(steps, network, width), { width, height: 8 }),
        ]);
  process.stdout.write(`${[...inspectionText(inspection), ...plots].join('\n')}\n`);
}

/** Checks the file name before anything is read, because a wrong name is a mistake of the command line. */
async function checkPicture(out: string | undefined): Promise<void> {
  if (out === undefined) return;
  if (['.svg', '.png'].includes(path.extname(out))) return checkFolderOf(out);
  throw new UserError({
    code: 'usage',
    message: `Losses are drawn as .svg or .png; got --out ${out}.`,
    advice: 'Give the file one of these endings.',
  });
}

async function drawPicture(out: string, place: string, steps: readonly RecordedStep[]): Promise<void> {
  if (steps.length === 0) {
    throw new UserError({
      code: 'no-metrics',
      message: `${place} has no losses to draw: metrics.jsonl of a run holds them.`,
      advice: 'Give the folder of a run that has trained a step.',
    });
  }
  const curves = networks.map((network) => ({ name: `${network}'s loss`, curve: lossCurve(steps, network, 400) }));
  const svg = plotSvg(`Losses of ${place}`, curves);
  await writeOutput(out, path.extname(out) === '.svg' ? svg : await renderSvg(svg));
  process.stderr.write(`Losses in ${out}\n`);
}
