import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createWholeProgram } from './program.ts';

it('has exactly these commands and options, because users and scripts rely on them', () => {
  const options = createWholeProgram('0').commands.map((command) => [
    command.name(),
    command.options.map(({ long }) => long).join(' '),
  ]);
  expect(Object.fromEntries(options)).toEqual({
    train:
      '--model --preset --config --set --print-config --dry-run --data --channels --strict-data --flip --steps --images --epochs --stop-when --stop-window --stop-patience --batch-size --shard-size --seed --engine --out --resume --take-over --keep --checkpoint-every --sample-every --exchange --no-strict --json --stopped-exit-code --log --workers --threads --device --no-pin --metrics --evaluate-every --network --network-range --cache-dir',
    coordinator:
      '--model --preset --config --set --print-config --dry-run --data --channels --strict-data --flip --steps --images --epochs --stop-when --stop-window --stop-patience --batch-size --shard-size --seed --engine --out --resume --take-over --keep --checkpoint-every --sample-every --exchange --no-strict --json --stopped-exit-code --log --bind --cache-dir --metrics --evaluate-every --network --network-range',
    pack: '--model --preset --config --set --data --channels --strict-data --cache-dir',
    keys: '--create --add --revoke',
    worker:
      '--connect --key-file --name --device --threads --cpus --patience --peer-address --flows --model --stopped-exit-code --log --cache-dir',
    sample:
      '--step --best --out --out-dir --animation --count --interpolate --class --to-class --seed --model --cache-dir',
    evaluate:
      '--data --samples --metrics --per-class --low-priority --seed --json --network --network-range --model --cache-dir',
    inspect: '--out --json --model',
    bench: '--preset --steps --batch-size --shard-size --workers --threads --device --engine --json --cache-dir',
    'config-schema': '',
    doctor: '--golden --engine --write-bits --preset --threads --compare-bits --cache-dir',
    setup: '--variant --cache-dir',
    completion: '',
  });
});

it('shows examples in the help of every command', () => {
  for (const command of createWholeProgram('0').commands) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    expect(help, command.name()).toMatch(/Examples:\n {2}\$ /);
  }
});

it.each(['cli/bin/lstm-gan.js', 'coordinator/bin/lstm-gan-coordinator.js', 'worker/bin/lstm-gan-worker.js'])(
  'says how to build a checkout that is not built, instead of showing a stack: %s',
  (program) => {
    const checkout = mkdtempSync(path.join(tmpdir(), 'lstm-gan-unbuilt-'));
    const rooms = fileURLToPath(new URL('../..', import.meta.url));
    mkdirSync(path.join(checkout, 'bin'));
    mkdirSync(path.join(checkout, 'node_modules', '@lstm-gan'), { recursive: true });
    symlinkSync(
      path.join(rooms, '../packages/command-line'),
      path.join(checkout, 'node_modules/@lstm-gan/command-line'),
    );
    writeFileSync(path.join(checkout, 'package.json'), '{ "type": "module" }');
    const command = path.join(checkout, 'bin', path.basename(program));
    copyFileSync(path.join(rooms, program), command);
    const { status, stderr } = spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8' });
    const sentence = new RegExp(`^${path.basename(program, '.js')} is not built yet .*\n.* npm run build\\.\n$`);
    expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
  },
);
