/**
 * Draws results as bars, one group for each benchmark: a bar for the median, a whisker from the fastest to the slowest
 * round.
 */
import type { Spread } from './report.ts';

export interface BarGroup {
  readonly title: string;
  /** The row of lstm-gan comes first. */
  readonly rows: readonly Spread[];
}

const width = 960;
const left = 345;
const right = 900;
const rowHeight = 26;
const headHeight = 44;

// One document serves light and dark pages: the viewer's setting decides.
const style = `text{font:14px sans-serif;fill:#1f2328}.title{font-weight:bold}.quiet{fill:#59636e}.page{fill:#fff}.ours{fill:#1f6fb4}.theirs{fill:#b8a07a}.whisker{stroke:#1f2328;fill:none}.line{fill:none;stroke-width:2}.ours.line{stroke:#1f6fb4}.theirs.line{stroke:#b8a07a}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.page{fill:#0d1117}.ours{fill:#4a9fe8}.theirs{fill:#8a7650}.whisker{stroke:#e6edf3}.ours.line{stroke:#4a9fe8}.theirs.line{stroke:#8a7650}.line{fill:none}}`;

/** The beginning of an SVG document: size, colours, background. */
export function plotHead(width: number, height: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>${style}</style>
<rect class="page" width="100%" height="100%"/>`;
}

/** Returns an SVG document. Shorter bars are better; each group has its own scale. */
export function barsSvg(groups: readonly BarGroup[], machine: string): string {
  const tops = groups.map(
    (_, k) => 40 + groups.slice(0, k).reduce((sum, { rows }) => sum + headHeight + rows.length * rowHeight, 0),
  );
  const height = groups.reduce((sum, { rows }) => sum + headHeight + rows.length * rowHeight, 64);
  return `${plotHead(width, height)}
${svgText(20, 28, `${machine}. Milliseconds: shorter is better; whiskers from the fastest round to the slowest.`, 'quiet')}
${groups.map((group, k) => drawGroup(group, tops[k])).join('\n')}
</svg>
`;
}

function drawGroup({ title, rows }: BarGroup, top: number): string {
  const most = Math.max(...rows.map(({ max }) => max));
  const x = (value: number): number => Math.round(left + (value / most) * (right - left));
  const drawn = rows.map(({ name, median, min, max }, k) => {
    const y = top + headHeight + k * rowHeight;
    return [
      svgText(left - 10, y + 13, name, k === 0 ? 'title' : '', 'end'),
      `<rect class="${name.startsWith('PyTorch') || name.startsWith('stock') ? 'theirs' : 'ours'}" x="${left}" y="${y}" width="${x(median) - left}" height="18"/>`,
      `<path class="whisker" d="M${x(min)} ${y + 9}H${x(max)}M${x(min)} ${y + 4}v10M${x(max)} ${y + 4}v10"/>`,
      svgText(x(max) + 8, y + 14, median.toFixed(0)),
    ].join('\n');
  });
  return [svgText(20, top + headHeight - 14, title, 'title'), ...drawn].join('\n');
}

export function svgText(x: number, y: number, content: string, kind = '', anchor = 'start'): string {
  const escaped = content.replace(/[&<>]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${kind === '' ? '' : ` class="${kind}"`}>${escaped}</text>`;
}
