/** `npm start` and `npm test` install what they need, whatever the user's environment says. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

it('installs the tools that build the packages whatever the environment says, and installs them later if they are missing', async () => {
  const checkout = await mkdtemp(path.join(tmpdir(), 'lstm-gan-checkout-'));
  const stub = path.join(checkout, 'stub');
  await mkdir(stub);
  await writeFile(path.join(stub, 'nx.js'), '#!/usr/bin/env node\n');
  await writeFile(path.join(stub, 'package.json'), JSON.stringify({ name: 'nx', version: '1.0.0', bin: 'nx.js' }));
  const project = { name: 'checkout', private: true, devDependencies: { nx: 'file:./stub' } };
  await writeFile(path.join(checkout, 'package.json'), JSON.stringify(project));
  await cp(path.join(root, 'tools', 'setup'), path.join(checkout, 'tools', 'setup'), { recursive: true });
  const inCheckout = { cwd: checkout, reject: true };
  await startProcess(['npm', 'install', '--package-lock-only', '--no-audit', '--no-fund'], inCheckout);
  const hindering = {
    NODE_ENV: 'production',
    npm_config_omit: 'dev',
    npm_config_dry_run: 'true',
    npm_config_bin_links: 'false',
    npm_config_global: 'true',
    PYTHONHOME: '/nonexistent',
  };
  const script =
    "const { checkMachine, install } = await import('./tools/setup/prepare.mjs'); checkMachine(); await install();";
  const install = () =>
    startProcess([process.execPath, '--input-type=module', '-e', script], { ...inCheckout, env: hindering });
  const nx = path.join(checkout, 'node_modules', '.bin', 'nx');
  await install();
  expect(existsSync(nx)).toBe(true);
  await rm(nx);
  await install();
  expect(existsSync(nx)).toBe(true);
  expect((await install()).stderr).not.toContain('Installing');
});
