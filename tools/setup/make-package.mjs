/**
 * Makes one package of lstm-gan and of all packages of this checkout that it needs. npm installs it without this
 * checkout; only packages of others are fetched. The packages must be built.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root, run } from './prepare.mjs';

const readJson = (...file) => JSON.parse(readFileSync(path.join(...file), 'utf8'));
const writeJson = (value, ...file) => writeFileSync(path.join(...file), `${JSON.stringify(value, undefined, 2)}\n`);

/** The packages of this checkout: name, folder and manifest of each. */
function workspacePackages() {
  return ['packages', 'apps'].flatMap((rooms) =>
    readdirSync(path.join(root, rooms)).map((room) => {
      const manifest = readJson(root, rooms, room, 'package.json');
      return { name: manifest.name, folder: `${rooms}/${room}`, manifest };
    }),
  );
}

/** The packages of this checkout that `name` needs, with those that these need. */
function neededBy(name, packages, found = new Set()) {
  const { manifest } = packages.find((candidate) => candidate.name === name);
  for (const other of Object.keys(manifest.dependencies ?? {})) {
    if (found.has(other) || !packages.some((candidate) => candidate.name === other)) continue;
    found.add(other);
    neededBy(other, packages, found);
  }
  return found;
}

/** What says which packages a package needs, and how it is built. */
const needs = {
  dependencies: undefined,
  devDependencies: undefined,
  peerDependencies: undefined,
  peerDependenciesMeta: undefined,
  scripts: undefined,
};

/**
 * The manifest of the one package. Packages of others that any part needs are its own dependencies. The parts have none:
 * npm takes what a part needs for a part of the package, and would not fetch it.
 */
function manifestOf(main, parts) {
  const dependencies = {};
  for (const { name, version } of parts.map(({ manifest }) => manifest)) dependencies[name] = version;
  for (const { manifest } of [main, ...parts]) {
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      if ((dependencies[name] ?? range) !== range)
        throw new Error(`${manifest.name} needs ${name} ${range}, another part needs ${dependencies[name]}`);
      dependencies[name] = range;
    }
  }
  const bin = Object.fromEntries(
    [main, ...parts].flatMap(({ manifest }) =>
      Object.entries(manifest.bin ?? {}).map(([program, file]) => [
        program,
        manifest === main.manifest ? file : `node_modules/${manifest.name}/${file.replace(/^\.\//, '')}`,
      ]),
    ),
  );
  const { version } = readJson(root, 'package.json');
  const bundleDependencies = parts.map(({ name }) => name);
  return { ...main.manifest, ...needs, version, bin, dependencies, bundleDependencies };
}

/** Makes the package in a folder, and returns the path of its file. */
export async function makePackage(folder) {
  const packages = workspacePackages();
  const main = packages.find(({ name }) => name === 'lstm-gan');
  const needed = neededBy(main.name, packages);
  const parts = packages.filter(({ name }) => needed.has(name));
  const scratch = mkdtempSync(path.join(tmpdir(), 'lstm-gan-package-'));
  const [tarballs, whole] = ['tarballs', 'whole'].map((name) => path.join(scratch, name));
  try {
    mkdirSync(tarballs);
    const advice = 'The sentences above say why.';
    const quiet = ['--silent', '--pack-destination'];
    const workspaces = [main, ...parts].flatMap((part) => ['--workspace', part.folder]);
    await run('npm', ['pack', ...quiet, tarballs, ...workspaces], { advice });
    for (const { name, manifest } of [main, ...parts]) {
      const tarball = path.join(tarballs, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`);
      const place = name === main.name ? whole : path.join(whole, 'node_modules', name);
      mkdirSync(place, { recursive: true });
      await run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'], { advice });
      writeJson({ ...manifest, ...needs }, place, 'package.json');
    }
    const manifest = manifestOf(main, parts);
    writeJson(manifest, whole, 'package.json');
    await run('npm', ['pack', ...quiet, scratch, whole], { advice });
    mkdirSync(folder, { recursive: true });
    const file = `${manifest.name}-${manifest.version}.tgz`;
    copyFileSync(path.join(scratch, file), path.join(folder, file));
    return path.join(folder, file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
