import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createProgram } from './program.ts';
import { createCountdown, createProgressDisplay, formatDuration } from './progress-display.ts';

it('has exactly these commands and options: users and scripts rely on them', () => {
  const options = createProgram('0').commands.map((command) => [
    command.name(),
    command.options.map(({ long }) => long).join(' '),
  ]);
  expect(Object.fromEntries(options)).toEqual({
    train:
      '--preset --config --set --print-config --data --channels --flip --strict-data --steps --images --stop-when --stop-window --stop-patience --batch-size --shard-size --threads --seed --engine --out --resume --keep --checkpoint-every --sample-every --exchange --no-strict --json --workers --device --no-pin --cache-dir',
    coordinator:
      '--preset --config --set --print-config --data --channels --flip --strict-data --steps --images --stop-when --stop-window --stop-patience --batch-size --shard-size --threads --seed --engine --out --resume --keep --checkpoint-every --sample-every --exchange --no-strict --json --bind --cache-dir',
    keys: '--add --revoke',
    worker: '--connect --key-file --name --device --cpus --patience --peer-address --flows --cache-dir',
    sample: '--out --out-dir --animation --count --interpolate --seed --cache-dir',
    inspect: '--out --json',
    bench: '--preset --steps --batch-size --shard-size --workers --threads --device --engine --json --cache-dir',
    'config-schema': '',
    doctor: '--golden --engine --cache-dir',
    setup: '--variant --cache-dir',
    completion: '',
  });
});

it('shows examples in the help of every command', () => {
  for (const command of createProgram('0').commands) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help, command.name()).toMatch(/Examples:\n {2}\$ /);
  }
});

it('writes a line now and then where there is no terminal, and the last one always', () => {
  const stream = new PassThrough();
  let nowMs = 0;
  const display = createProgressDisplay('Training', stream as unknown as NodeJS.WriteStream, () => nowMs);
  for (let step = 1; step <= 12; step++, nowMs += 1000) display.update(step, 12, `step ${step}`);
  display.stop();
  expect(String(stream.read())).toBe('Training step 1\nTraining step 6\nTraining step 11\nTraining step 12\n');
});

it('tells what is left at the pace of the steps, not of the start before them', () => {
  let nowMs = 60_000;
  const countdown = createCountdown(110, () => nowMs);
  expect(countdown(10)).toBe('');
  nowMs += 1000;
  expect(countdown(20)).toBe('  9 s left');
});

it('says how to build a checkout that is not built, instead of showing a stack', () => {
  const checkout = mkdtempSync(path.join(tmpdir(), 'lstm-gan-unbuilt-'));
  mkdirSync(path.join(checkout, 'bin'));
  writeFileSync(path.join(checkout, 'package.json'), '{ "type": "module" }');
  const command = path.join(checkout, 'bin', 'lstm-gan.js');
  copyFileSync(fileURLToPath(new URL('../bin/lstm-gan.js', import.meta.url)), command);
  const { status, stderr } = spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^lstm-gan is not built yet .*\n.* npm run build\.\n$/)]);
});

it('writes durations as people say them', () => {
  expect([12_000, 200_000, 3_720_000].map(formatDuration)).toEqual(['12 s', '3 min 20 s', '1 h 02 min']);
});
