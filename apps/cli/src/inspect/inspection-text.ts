/** Writes an inspection as text. */
import { formatDuration } from '@lstm-gan/command-line/terminal';
import type { RunConfig } from '@lstm-gan/run';
import type { Inspection, NetworkInspection } from './inspection.ts';
import { workersText } from './workers-text.ts';

/** Returns lines of text: progress, throughput, configuration, workers, layers. */
export function inspectionText({
  kind,
  path,
  config,
  networks,
  progress,
  throughput,
  workers,
  weightsSha256,
}: Inspection): string[] {
  const { step, images, durableStep, trainingMs, losses } = progress;
  const checkpointNote = durableStep === step ? '' : `; the newest checkpoint is from step ${durableStep}`;
  const lines = [
    `${kind === 'run' ? 'Run' : 'Checkpoint'} ${path}`,
    field(
      'progress',
      `step ${grouped(step)}, ${grouped(images)} images${trainingMs > 0 ? `, ${formatDuration(trainingMs)} of training` : ''}${checkpointNote}`,
    ),
  ];
  if (losses !== null)
    lines.push(
      field('losses', `discriminator ${losses.discriminator.toFixed(4)}, generator ${losses.generator.toFixed(4)}`),
    );
  if (throughput !== null) {
    const { imagesPerSecond, stepMs, computeMs, exchangeMs, updateMs } = throughput;
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    lines.push(
      field(
        'throughput',
        `${imagesPerSecond.toFixed(0)} images/s; a step ${ms(stepMs)}: ${ms(computeMs)} computing, ${ms(exchangeMs)} exchange, ${ms(updateMs)} update`,
      ),
    );
  }
  if (weightsSha256 !== null) lines.push(field('weights', `sha256 ${weightsSha256}`));
  const { generator, discriminator } = networks;
  return [
    ...lines,
    ...configLines(config),
    ...workersText(workers),
    '',
    ...networkLines('generator', generator),
    '',
    ...networkLines('discriminator', discriminator),
    field('together', `${grouped(generator.parameters + discriminator.parameters)} parameters`),
  ];
}

const field = (name: string, value: string): string => `  ${name.padEnd(14)} ${value}`;
const grouped = (count: number): string => count.toLocaleString('en-US');

/**
 * Returns the fields of the configuration. The sizes of the networks are left out, because the list of layers shows
 * them.
 */
function configLines({ model, ...run }: RunConfig): string[] {
  const { generator, discriminator, ...rest } = model;
  const ofDiscriminator = discriminator.kind === 'custom' ? { discriminator } : { dropout: discriminator.dropout };
  const ofGenerator = generator.kind === 'custom' ? generator : generator.kind;
  const shown = { ...run, ...rest, generator: ofGenerator, ...ofDiscriminator };
  return Object.entries(shown).map(([key, value]) =>
    field(key, typeof value === 'string' ? value : JSON.stringify(value)),
  );
}

function networkLines(name: string, { layers, parameters }: NetworkInspection): string[] {
  const rows = layers.map((layer) => ({
    name: layer.name,
    count: grouped(layer.parameters),
    tensors: layer.tensors
      .map((tensor) => `${tensor.name.slice(layer.name.length + 1)} [${tensor.shape.join(', ')}]`)
      .join('  '),
  }));
  const nameWidth = Math.max(...rows.map((row) => row.name.length));
  const countWidth = Math.max(...rows.map((row) => row.count.length));
  return [
    `${name}: ${grouped(parameters)} parameters`,
    ...rows.map((row) => `  ${row.name.padEnd(nameWidth)}  ${row.count.padStart(countWidth)}  ${row.tensors}`),
  ];
}
