import { UserError } from '@lstm-gan/core/errors';
import type { BackendName } from '../backend.ts';
import { drawGrid } from '../draw-grid.ts';
import type { TrainingFailure, TrainingProgress, TrainingWish } from './messages.ts';

const element = <E extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as E;

let worker: Worker | undefined;

/**
 * Starts a training with the seed and the backend that the controls say, or stops the one that is running. After each
 * step the document dispatches an event `trained`, whose `detail` is a `TrainingProgress`.
 */
export function startOrStop(showError: (error: unknown) => void): void {
  if (worker !== undefined) {
    stop();
    return;
  }
  const wish: TrainingWish = {
    backend: element<HTMLSelectElement>('train-backend').value as BackendName,
    seed: element<HTMLInputElement>('train-seed').valueAsNumber,
  };
  const started = new Worker(new URL('./train-worker.ts', import.meta.url), { type: 'module' });
  worker = started;
  showButton('Stop');
  element('train-status').textContent = `Starting ${wish.backend} …`;
  started.addEventListener('message', ({ data }: MessageEvent<TrainingProgress | TrainingFailure>) => {
    // A message may be under way when the worker is stopped.
    if (worker !== started) return;
    if (data.kind === 'progress') {
      show(data, wish);
    } else {
      stop();
      showError(new UserError(data));
    }
  });
  started.addEventListener('error', () => {
    stop();
    showError(
      new UserError({
        code: 'no-training',
        message: 'The training could not be loaded.',
        advice: 'Check the connection, then press Start again.',
      }),
    );
  });
  started.postMessage(wish);
}

function stop(): void {
  worker?.terminate();
  worker = undefined;
  showButton('Start');
}

function showButton(text: 'Start' | 'Stop'): void {
  element('train').textContent = text;
  element('train').setAttribute('aria-pressed', String(text === 'Stop'));
}

function show(progress: TrainingProgress, wish: TrainingWish): void {
  const { step, imagesSeen, images, losses, shape, backend, imagesPerSecond } = progress;
  if (images !== undefined) drawGrid(canvas(), images, shape);
  const instead = backend === wish.backend ? '' : `; ${wish.backend} does not start in this browser`;
  element('train-status').textContent =
    `Step ${step}, ${imagesSeen.toLocaleString('en')} images, ${imagesPerSecond.toPrecision(2)} a second on ` +
    `${backend}${instead}. Losses: discriminator ${losses.discriminator.toFixed(3)}, generator ` +
    `${losses.generator.toFixed(3)}.`;
  document.dispatchEvent(new CustomEvent<TrainingProgress>('trained', { detail: progress }));
}

/** The canvas of the training. The first training adds it to the page. */
function canvas(): HTMLCanvasElement {
  const known = document.getElementById('train-canvas');
  if (known !== null) return known as HTMLCanvasElement;
  const added = document.createElement('canvas');
  added.id = 'train-canvas';
  added.setAttribute('role', 'img');
  added.setAttribute('aria-label', 'Images of the generator in training');
  element('training').append(added);
  return added;
}
