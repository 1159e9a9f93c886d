/**
 * The sample grids of a run as an animation. All grids are drawn from the same noise, so the animation shows how the
 * images change.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '@lstm-gan/core/errors';

const frameMs = 200;
/** The last grid is shown longer, so that one can look at it. */
const lastFrameMs = 2000;
/**
 * The most grids that an animation shows, evenly spaced over the run. An animation of all grids could have many
 * megabytes.
 */
const maxFrames = 200;

/** Renders the grids (`step-*.png`) of a folder in the order of their steps. Throws a UserError if there are none. */
export async function animateGrids(
  folder: string,
  format: 'gif' | 'webp',
): Promise<{ picture: Buffer; frames: number }> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const grids = names.filter((name) => /^step-\d{8}\.png$/.test(name)).sort();
  if (grids.length === 0) {
    throw new UserError({
      code: 'no-grids',
      message: `${folder} holds no sample grids.`,
      advice: 'Give the folder of a run that has drawn some; lstm-gan train --sample-every N says how often.',
    });
  }
  const chosen = thinOut(grids, maxFrames).map((name) => path.join(folder, name));
  const options = { loop: 0, delay: chosen.map((_, k) => (k === chosen.length - 1 ? lastFrameMs : frameMs)) };
  const { default: sharp } = await import('sharp');
  const animation = chosen.length === 1 ? sharp(chosen[0]) : sharp(chosen, { join: { animated: true } });
  const picture = await (
    format === 'gif' ? animation.gif({ ...options, colours: 256 }) : animation.webp(options)
  ).toBuffer();
  return { picture, frames: chosen.length };
}

/** At most `count` elements of a list, evenly spaced, always with the first and the last. */
export function thinOut<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, k) => list[Math.round((k * (list.length - 1)) / (count - 1))]);
}
