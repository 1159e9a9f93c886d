/** Draws resident memory over the steps, one line for each process. */
import { plotHead, svgText } from './bars-svg.ts';

/** Resident megabytes at a step. */
export interface MemorySample {
  readonly step: number;
  readonly coordinator: number;
  readonly worker: number;
}

const [width, height] = [960, 300];
const [left, right, top, bottom] = [70, 940, 50, 250];
const processes = ['coordinator', 'worker'] as const;
const classOf = { coordinator: 'ours', worker: 'theirs' } as const;

/** Returns an SVG document with a scale of megabytes from zero. @param samples at least one, in order of their steps */
export function memorySvg(samples: readonly MemorySample[], machine: string): string {
  const [first, last] = [samples[0].step, samples[samples.length - 1].step];
  const most = Math.max(...samples.flatMap((sample) => processes.map((name) => sample[name])));
  const x = (step: number): number => Math.round(left + ((step - first) / Math.max(1, last - first)) * (right - left));
  const y = (megabytes: number): number => Math.round(bottom - (megabytes / most) * (bottom - top));
  const line = (name: (typeof processes)[number]): string =>
    `<polyline class="${classOf[name]} line" points="${samples.map((sample) => `${x(sample.step)},${y(sample[name])}`).join(' ')}"/>`;
  const key = processes.map(
    (name, k) =>
      `<rect class="${classOf[name]}" x="${left + 140 * k}" y="${height - 24}" width="14" height="14"/>\n${svgText(left + 20 + 140 * k, height - 12, name)}`,
  );
  return `${plotHead(width, height)}
${svgText(20, 28, `${machine}. Resident megabytes over the steps of a run of digits.`, 'quiet')}
<path class="whisker" d="M${left} ${top}V${bottom}H${right}"/>
${[0, most].map((megabytes) => svgText(left - 8, y(megabytes) + 5, megabytes.toFixed(0), '', 'end')).join('\n')}
${[first, last].map((step) => svgText(x(step), bottom + 18, `step ${step}`, '', step === first ? 'start' : 'end')).join('\n')}
${processes.map(line).join('\n')}
${key.join('\n')}
</svg>
`;
}
