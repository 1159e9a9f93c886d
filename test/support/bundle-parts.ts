/** Measures what a visitor of the built playground loads, by part. Each byte is counted once. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

interface Chunk {
  readonly file: string;
  readonly name?: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
}

export interface PartSize {
  readonly bytes: number;
  readonly gzipBytes: number;
}

const chunkParts = ['core', 'zod', 'tfjs-core'];

/** Returns the sizes of `page`, `core`, `zod`, `tfjs-core` and of what each backend adds, by vite's manifest. */
export function bundleParts(dist: string): ReadonlyMap<string, PartSize> {
  const manifest = JSON.parse(readFileSync(path.join(dist, '.vite', 'manifest.json'), 'utf8')) as Record<string, Chunk>;
  const closure = (key: string): string[] => [...new Set([key, ...(manifest[key].imports ?? []).flatMap(closure)])];
  const filesOf = (keys: readonly string[]) =>
    keys.flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]);
  const first = closure('index.html');
  const parts = new Map<string, readonly string[]>();
  for (const name of chunkParts) parts.set(name, filesOf(first.filter((key) => manifest[key].name === name)));
  parts.set('page', ['index.html', ...filesOf(first.filter((key) => !chunkParts.includes(manifest[key].name ?? '')))]);
  for (const name of ['webgl', 'wasm', 'cpu']) {
    const entry = `src/backends/${name}.ts`;
    const binary = (manifest[entry].assets ?? []).filter((asset) => asset.includes('wasm-simd'));
    parts.set(name, [...filesOf(closure(entry).filter((key) => !first.includes(key))), ...binary]);
  }
  return new Map(
    [...parts].map(([name, files]) => [name, sizeOf(files.map((file) => readFileSync(path.join(dist, file))))]),
  );
}

function sizeOf(contents: readonly Buffer[]): PartSize {
  const sum = (length: (content: Buffer) => number) => contents.reduce((total, content) => total + length(content), 0);
  return { bytes: sum((content) => content.length), gzipBytes: sum((content) => gzipSync(content).length) };
}
