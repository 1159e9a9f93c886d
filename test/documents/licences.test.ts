/** Compares docs/licences.md with the lock file: every package that an installation brings, and its licence. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/command-line.ts';

/**
 * Licences that a package may have. A program under Apache-2.0 may use such packages, if they are unchanged and stay
 * separate packages.
 */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'LGPL-3.0-or-later',
  'MIT',
  'MPL-2.0',
  'Python-2.0',
];

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
}

it('docs/licences.md names every package of an installation, with its version and an allowed licence', async () => {
  const { packages } = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const shipped = Object.entries(packages).filter(
    ([place, { dev, devOptional, link }]) =>
      place.startsWith('node_modules/') && dev !== true && devOptional !== true && link !== true,
  );
  expect(shipped.length).toBeGreaterThan(50);
  const unknown = shipped.filter(
    ([, { license = '' }]) =>
      !license
        .split(/ AND |[()]/)
        .filter(Boolean)
        .every((part) => allowed.includes(part)),
  );
  expect(unknown).toEqual([]);
  const rows = shipped
    .map(
      ([place, { version, license }]) =>
        `| ${place.replace(/^node_modules\//, '').replaceAll('/node_modules/', ' > ')} | ${version} | ${license} |`,
    )
    .sort();
  await expect(`${heading}\n${rows.join('\n')}\n`).toMatchFileSnapshot(path.join(root, 'docs', 'licences.md'));
});

const heading = `# Licences

What an installation of lstm-gan brings besides itself (Apache-2.0), from the lock file; a test holds this list to it, and to
the licences that are allowed. All of it is used as it is published. TensorFlow (Apache-2.0) is fetched by \`lstm-gan setup\`,
the weights of EfficientNet-Lite0 (Apache-2.0) by \`--network efficientnet-lite0\`.

| package | version | licence |
|---|---|---|`;
