/** Installs the packed packages with plain npm, without this checkout, as a user does, and runs them. */
import { mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { build } from '../support/build.ts';
import { root, summaryOf } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const packages = ['core', 'system', 'engine', 'evaluation', 'data', 'transport', 'run', 'launch', 'command-line'].map(
  (name) => `packages/${name}`,
);
const apps = ['coordinator', 'worker', 'cli'].map((name) => `apps/${name}`);
let folder: string;
let cacheDir: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-install-'));
  const tarballs = path.join(folder, 'tarballs');
  await mkdir(tarballs);
  await build();
  const workspaces = [...packages, ...apps].flatMap((name) => ['--workspace', name]);
  await startProcess(['npm', 'pack', '--pack-destination', tarballs, ...workspaces], { cwd: root, reject: true });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const files = (await readdir(tarballs)).map((file) => path.join(tarballs, file));
  expect(files).toHaveLength(packages.length + apps.length);
  await inFolder('npm', 'install', '--no-audit', '--no-fund', ...files);
  // A new cache that links to the libraries in this machine's cache, so that they are not downloaded again.
  cacheDir = path.join(folder, 'cache');
  await mkdir(cacheDir);
  const usual = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'lstm-gan');
  for (const part of (await readdir(usual)).filter((name) => /^(tensorflow-|data$)/.test(name))) {
    await symlink(path.join(usual, part), path.join(cacheDir, part));
  }
});

const inFolder = (...command: string[]) => startProcess(command, { cwd: folder, reject: true });
const lstmGan = (...parameters: string[]) => inFolder('npx', '--no-install', 'lstm-gan', ...parameters);

describe('the packages, installed with plain npm', () => {
  it('have a command, and programs for the coordinator and the worker', async () => {
    expect((await lstmGan('--version')).stdout).toBe('0.1.0');
    expect((await lstmGan('train', '--help')).stdout).toContain('--preset');
    for (const program of ['lstm-gan-coordinator', 'lstm-gan-worker']) {
      expect((await inFolder('npx', '--no-install', program, '--version')).stdout).toBe('0.1.0');
    }
  });

  it('fetch tfjs-node, set up and train', async () => {
    const { stdout } = await lstmGan('setup', '--variant', 'cpu', '--cache-dir', cacheDir);
    expect(stdout).toContain('is ready');
    const trained = await lstmGan('train', '--steps', '1', '--out', 'run', '--cache-dir', cacheDir, '--json');
    expect(summaryOf(trained.stdout)).toMatchObject({
      step: 1,
      weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('generate with core alone on plain tfjs', async () => {
    await inFolder('npm', 'install', '--no-audit', '--no-fund', '@tensorflow/tfjs-backend-cpu@4.22.0');
    const script = `
      import '@tensorflow/tfjs-backend-cpu';
      import { setBackend } from '@tensorflow/tfjs-core';
      import { createInitialWeights, generate, normalNoise, presets, streamKey } from '@lstm-gan/core';
      await setBackend('cpu');
      const { model } = presets.get('digits');
      const noise = normalNoise(streamKey({ seed: 7, purpose: 'sample-noise' }), 2 * model.latent);
      const images = await generate(model, createInitialWeights(model, 'generator', 1), noise);
      console.log(\`\${images.length} \${images.every((value) => Math.abs(value) <= 1)}\`);`;
    const { stdout } = await inFolder(process.execPath, '--input-type=module', '--eval', script);
    expect(stdout).toContain(`${2 * 32 * 32} true`);
  });
});

describe('the one package that npm run pack makes', () => {
  it('is installed from its file alone, with its programs, and trains', async () => {
    const prefix = path.join(folder, 'prefix');
    const script = `import { makePackage } from './tools/setup/make-package.mjs'; await makePackage(process.argv[1]);`;
    await startProcess([process.execPath, '--input-type=module', '--eval', script, folder], {
      cwd: root,
      reject: true,
    });
    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
    const file = path.join(folder, `lstm-gan-${version}.tgz`);
    await inFolder('npm', 'install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', file);
    const program = (name: string, ...parameters: string[]) => inFolder(path.join(prefix, 'bin', name), ...parameters);
    for (const name of ['lstm-gan', 'lstm-gan-coordinator', 'lstm-gan-worker'])
      expect((await program(name, '--version')).stdout).toBe('0.1.0');
    // Parts of the package come from its file; nothing is taken from this checkout.
    const installed = path.join(prefix, 'lib', 'node_modules', 'lstm-gan');
    expect(await realpath(path.join(installed, 'node_modules', '@lstm-gan', 'core'))).toContain(installed);
    const options = ['--steps', '1', '--out', 'packed-run', '--cache-dir', cacheDir, '--json'];
    expect(summaryOf((await program('lstm-gan', 'train', ...options)).stdout)).toMatchObject({ step: 1 });
  });
});
