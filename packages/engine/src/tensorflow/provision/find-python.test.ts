/** Runs the real Python and pip, in environments that would hinder them. */
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { findPython, namedVariables } from './find-python.ts';
import { runProgram } from '@lstm-gan/system';

const makeWheel = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-python-'));
  await runProgram('python3', ['-c', makeWheel, folder]);
});

it('pip downloads whatever the environment and pip.conf say about the packages of the user', async () => {
  const config = path.join(folder, 'pip.conf');
  await writeFile(config, '[global]\nrequire-virtualenv = true\nconstraint = /nonexistent/constraints\n');
  const hindering = {
    ...process.env,
    PIP_CONFIG_FILE: config,
    PIP_REQUIRE_VIRTUALENV: 'true',
    PIP_CONSTRAINT: '/nonexistent/constraints',
    PIP_REQUIRE_HASHES: '1',
    PIP_NO_BINARY: ':all:',
    PIP_REQUIREMENT: '/nonexistent/requirements',
    PYTHONHOME: '/nonexistent',
  };
  const { program, env } = await findPython(hindering);
  const dest = path.join(folder, 'downloads');
  const parameters = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-index', '--dest', dest];
  const { status, output } = await runProgram(program, [...parameters, '--find-links', folder, 'tiny==1.0'], { env });
  expect([status, output]).toEqual([0, expect.stringContaining('tiny')]);
  expect(await readdir(dest)).toEqual(['tiny-1.0-py3-none-any.whl']);
});

it('looks for pip beside the Python that an active environment without pip was made from', async () => {
  const venv = path.join(folder, 'venv');
  await runProgram('python3', ['-m', 'venv', '--without-pip', venv]);
  const active = { ...process.env, VIRTUAL_ENV: venv, PATH: `${venv}/bin:${process.env['PATH']}` };
  const { program, env } = await findPython(active);
  expect(program).not.toContain(venv);
  expect((await runProgram(program, ['-m', 'pip', '--version'], { env })).status).toBe(0);
});

it('names the active environment if there is no pip anywhere', async () => {
  const python = path.join(folder, 'python3');
  await writeFile(python, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  await expect(findPython({ PATH: folder, VIRTUAL_ENV: '/venv' })).rejects.toMatchObject({
    code: 'tool-missing',
    advice: expect.stringContaining('/venv: python3 -m ensurepip'),
  });
});

it('names the variables that decide, for an advice', () => {
  expect(namedVariables({ PIP_NO_INDEX: '1', HOME: '/', PIP_PROXY: '' }, /^PIP_/)).toBe(
    ' Your environment sets PIP_NO_INDEX.',
  );
  expect(namedVariables({ HOME: '/' }, /^PIP_/)).toBe('');
});
