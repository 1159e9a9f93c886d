/**
 * `node tools/walkthrough/make-pictures.mjs FOLDER [COUNT]`: makes a folder of pictures, as a user might have it, for
 * docs/walkthrough.md. The pictures are JPEGs of drawn shapes, of different sizes, portrait and landscape, in nested
 * folders by colour and shape. The same version of sharp gives the same bytes every time. This program is plain
 * JavaScript, so it runs without a loader.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

/** SVG elements around the origin, with radius 1. */
const shapes = {
  circle: '<circle r="1"/>',
  square: '<rect x="-0.85" y="-0.85" width="1.7" height="1.7"/>',
  triangle: '<path d="M0-1 0.95 0.75H-0.95Z"/>',
  ring: '<path fill-rule="evenodd" d="M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0ZM-0.5 0a0.5 0.5 0 1 0 1 0a0.5 0.5 0 1 0-1 0Z"/>',
  cross: '<path d="M-0.35-1H0.35V-0.35H1V0.35H0.35V1H-0.35V0.35H-1V-0.35H-0.35Z"/>',
};
/** The hue of each colour, in degrees. */
const hues = { red: 0, yellow: 50, green: 130, blue: 220 };

/** Mulberry32: returns a function that gives numbers in [0, 1), which depend only on the seed. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Returns the description of the picture with this number: path below the folder, SVG, JPEG quality. The shape lies
 * near the middle, and is about half to three quarters as wide as the picture's shorter side.
 */
function describePicture(number) {
  const random = randomNumbers(number);
  const between = (least, most) => least + random() * (most - least);
  const pick = (record) => Object.entries(record)[Math.floor(random() * Object.keys(record).length)];
  const [colour, hue] = pick(hues);
  const [shape, outline] = pick(shapes);
  const [width, height] = [1, 2].map(() => Math.round(between(48, 400)));
  const side = Math.min(width, height);
  const place = [width, height].map((length) => length / 2 + between(-0.08, 0.08) * side);
  const ink = `hsl(${Math.round(hue + between(-12, 12))}, ${Math.round(between(65, 95))}%, ${Math.round(between(40, 55))}%)`;
  const paper = `hsl(${Math.round(between(0, 360))}, 25%, ${Math.round(between(84, 96))}%)`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${paper}"/>
    <g transform="translate(${place.join(' ')}) scale(${between(0.26, 0.36) * side})" fill="${ink}">${outline}</g></svg>`;
  return {
    file: path.join(colour, shape, `${String(number).padStart(4, '0')}.jpg`),
    svg,
    quality: Math.round(between(70, 95)),
  };
}

const [folder, count = '2000'] = process.argv.slice(2);
if (folder === undefined || !/^[1-9]\d*$/.test(count)) {
  process.stderr.write('usage: node tools/walkthrough/make-pictures.mjs FOLDER [COUNT]\n');
  process.exit(2);
}
for (const colour of Object.keys(hues)) {
  for (const shape of Object.keys(shapes)) await mkdir(path.join(folder, colour, shape), { recursive: true });
}
const atOnce = 16;
for (let first = 0; first < Number(count); first += atOnce) {
  const group = Array.from({ length: Math.min(atOnce, Number(count) - first) }, (_, k) => describePicture(first + k));
  await Promise.all(
    group.map(({ file, svg, quality }) => sharp(Buffer.from(svg)).jpeg({ quality }).toFile(path.join(folder, file))),
  );
}
process.stdout.write(`${count} JPEGs in ${folder}\n`);
