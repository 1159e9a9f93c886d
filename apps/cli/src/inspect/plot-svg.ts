/** Draws the losses of a run: each network's mean as a line, on an area from its least to its greatest value. */
import { rangeOf, type CurvePoint } from './loss-curve.ts';

export interface NamedCurve {
  readonly name: string;
  readonly curve: readonly CurvePoint[];
}

const size = { width: 960, height: 480 };
const frame = { left: 70, top: 50, right: 930, bottom: 430 };
// Blue and orange: colour-blind readers can tell them apart.
const colours = ['#1f6fb4', '#d9730d'];

/** Returns an SVG document. */
export function plotSvg(title: string, curves: readonly NamedCurve[]): string {
  const points = curves.flatMap(({ curve }) => curve);
  const [fromStep, toStep] = rangeOf(points.map(({ step }) => step));
  const [least, most] = rangeOf(points.flatMap(({ min, max }) => [min, max]));
  const x = (step: number): string =>
    round(frame.left + ((step - fromStep) / (toStep - fromStep)) * (frame.right - frame.left));
  const y = (value: number): string =>
    round(frame.bottom - ((value - least) / (most - least)) * (frame.bottom - frame.top));
  const rules = ticks(least, most).map(
    (value) =>
      `<path d="M${frame.left} ${y(value)}H${frame.right}" stroke="#ddd"/>${text(frame.left - 8, Number(y(value)) + 4, String(value), 'end')}`,
  );
  const steps = ticks(fromStep, toStep).map((step) => text(Number(x(step)), frame.bottom + 20, String(step), 'middle'));
  const drawn = curves.map(({ name, curve }, k) => {
    const line = curve.map(({ step, mean }) => `${x(step)} ${y(mean)}`).join('L');
    const above = curve.map(({ step, max }) => `${x(step)} ${y(max)}`);
    const below = curve.map(({ step, min }) => `${x(step)} ${y(min)}`).reverse();
    const colour = colours[k % colours.length];
    return [
      `<path d="M${[...above, ...below].join('L')}Z" fill="${colour}" fill-opacity="0.2"/>`,
      `<path d="M${line}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/>`,
      text(frame.right - 160 * (curves.length - 1 - k), frame.top - 10, name, 'end', colour),
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="14">
<rect width="100%" height="100%" fill="#fff"/>
${text(frame.left, 24, title, 'start', '#111')}
${rules.join('\n')}
${steps.join('\n')}
${text((frame.left + frame.right) / 2, size.height - 8, 'step', 'middle')}
${drawn.join('\n')}
</svg>
`;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', colour = '#555'): string {
  const escaped = content.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${colour}">${escaped}</text>`;
}

/** Returns about six round numbers within a range. */
function ticks(least: number, most: number): number[] {
  const rough = (most - least) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const first = Math.ceil(least / gap);
  const count = Math.floor(most / gap) - first + 1;
  return Array.from({ length: count }, (_, k) => Number(((first + k) * gap).toPrecision(6)));
}
