/**
 * The page draws images as its controls say. Only one drawing runs at a time. If a control changes meanwhile, the page
 * draws once more afterwards, with the values that the controls have then. After each drawing the document dispatches
 * an event `images`.
 */
import { countParameters, createLayouts, generate, readGenerator, type ModelConfig } from '@lstm-gan/core';
import { UserError } from '@lstm-gan/core/errors';
import { startBackend, type BackendName } from './backend.ts';
import { drawGrid } from './draw-grid.ts';
import { fetchCheckpoint } from './fetch-checkpoint.ts';
import { nextSeed, noiseAt } from './noise-walk.ts';

/** The `detail` of the event `images`. */
export interface ImagesDetail {
  readonly images: Float32Array;
  readonly backend: BackendName;
  readonly seed: number;
}

interface Generator {
  readonly model: ModelConfig;
  readonly weights: Float32Array;
  readonly classNames: readonly string[];
}

const element = <E extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as E;
const [seed, count, file] = ['seed', 'count', 'file'].map((id) => element<HTMLInputElement>(id));
const controls = element<HTMLFormElement>('controls');
const [backend, classChoice] = ['backend', 'class'].map((id) => element<HTMLSelectElement>(id));
const walk = element('walk');
const walkSeconds = 2;

let generator: Generator | undefined;
/**
 * How far the walk is between the noise of the page's seed (0) and the noise of the next seed (1): a number in [0, 1).
 */
let position = 0;
/** Identifies the walk that is running; undefined if none is. */
let walking: symbol | undefined;
let drawing = false;
let askedAgain = false;

function showError(error: unknown): void {
  if (!(error instanceof UserError)) console.error(error);
  const sentence =
    error instanceof UserError ? `${error.message} ${error.advice}` : `This should not have happened: ${String(error)}`;
  element('error').textContent = sentence;
  element('error').hidden = false;
}

/** Resolves after the browser has painted. Otherwise the status would not be visible while a backend is busy. */
const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** The labels of images of the chosen class. Undefined if all classes are to take turns, or if there are none. */
function chosenLabels(): number[] | undefined {
  return classChoice.value === '' ? undefined : Array<number>(count.valueAsNumber).fill(Number(classChoice.value));
}

function offerClasses(names: readonly string[]): void {
  const options = names.map((name, label) => new Option(name, String(label)));
  classChoice.replaceChildren(new Option('all in turn', ''), ...options);
  element('class-choice').hidden = names.length === 0;
}

async function drawOnce({ model, weights }: Generator): Promise<void> {
  const wanted = backend.value as BackendName;
  const [from, way] = [seed.valueAsNumber, position];
  if (walking === undefined) {
    element('status').textContent = `Drawing on ${wanted} …`;
    await painted();
  }
  const used = await startBackend(wanted);
  const begin = performance.now();
  const noise = noiseAt(from, way, count.valueAsNumber * model.latent);
  const images = await generate(model, weights, noise, chosenLabels());
  const tookMs = Math.round(performance.now() - begin);
  drawGrid(element<HTMLCanvasElement>('canvas'), images, model.image);
  const instead = used === wanted ? '' : `; ${wanted} does not start in this browser`;
  element('status').textContent = `Drawn on ${used} in ${tookMs} ms${instead}.`;
  document.dispatchEvent(new CustomEvent<ImagesDetail>('images', { detail: { images, backend: used, seed: from } }));
}

async function draw(): Promise<void> {
  if (generator === undefined || !controls.checkValidity()) return;
  if (drawing) {
    askedAgain = true;
    return;
  }
  drawing = true;
  try {
    do {
      askedAgain = false;
      await drawOnce(generator);
    } while (askedAgain);
  } catch (error) {
    walking = undefined;
    showError(error);
  } finally {
    drawing = false;
  }
}

async function open(name: string, read: () => Promise<Uint8Array>): Promise<void> {
  element('error').hidden = true;
  try {
    const opened = readGenerator(await read());
    const { model } = opened;
    generator = opened;
    offerClasses(opened.classNames);
    const { size, channels, parameters } = {
      ...model.image,
      parameters: countParameters(createLayouts(model).generator),
    };
    const kind = `${model.generator.kind} generator, ${parameters.toLocaleString('en')} parameters`;
    element('about').textContent = `${name}: ${kind}, ${size} × ${size} ${channels === 1 ? 'gray' : 'RGB'}`;
    element('drop').classList.add('filled');
    element('studio').hidden = false;
  } catch (error) {
    showError(error);
    return;
  }
  await draw();
}

const openFile = (chosen: File | undefined) =>
  chosen && open(chosen.name, async () => new Uint8Array(await chosen.arrayBuffer()));

/** Starts a walk from seed to seed, or stops the walk that is running. A walk draws as fast as the backend can. */
async function startOrStopWalk(): Promise<void> {
  const mine = walking === undefined ? Symbol('walk') : undefined;
  walking = mine;
  walk.setAttribute('aria-pressed', String(mine !== undefined));
  if (mine === undefined) return;
  const frame = () => new Promise(requestAnimationFrame);
  let before = performance.now();
  // `walking` is checked after each frame. While the loop waited for the frame, the user may have stopped the walk and
  // changed the seed.
  for (await frame(); walking === mine; await frame()) {
    const now = performance.now();
    if (controls.checkValidity()) position += (now - before) / 1000 / walkSeconds;
    before = now;
    if (position >= 1) {
      position = 0;
      seed.valueAsNumber = nextSeed(seed.valueAsNumber);
    }
    await draw();
  }
  if (walking === undefined) walk.setAttribute('aria-pressed', 'false');
}

function listen(): void {
  file.addEventListener('change', () => void openFile(file.files?.[0]));
  controls.addEventListener('submit', (event) => event.preventDefault());
  controls.addEventListener('input', ({ target }) => {
    if (target === seed) position = 0;
    void draw();
  });
  element('new-noise').addEventListener('click', () => {
    position = 0;
    seed.valueAsNumber = crypto.getRandomValues(new Uint32Array(1))[0];
    void draw();
  });
  walk.addEventListener('click', () => void startOrStopWalk());
  // A visitor who only draws does not load the training.
  element('train')
    .closest('form')
    ?.addEventListener('submit', (event) => {
      event.preventDefault();
      element('error').hidden = true;
      void import('./training/start-or-stop.ts').then(({ startOrStop }) => startOrStop(showError)).catch(showError);
    });
  for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.toggle('dragging', kind.endsWith('r') && kind !== 'dragleave');
    });
  }
  document.addEventListener('drop', ({ dataTransfer }) => void openFile(dataTransfer?.files[0]));
}

listen();
const named = new URLSearchParams(location.search).get('checkpoint');
if (named !== null) void open(named, () => fetchCheckpoint(named, location.href));
