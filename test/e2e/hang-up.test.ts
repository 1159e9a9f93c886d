/** The terminal is closed, or SIGHUP comes without one, as under nohup. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { commandLine, lstmGan, root } from '../support/command-line.ts';
import { startProcess } from '../support/processes.ts';

const small = ['--set', 'model.generator={kind: dense, units: [16]}', '--set', 'model.image.size=8'];
const model = [...small, '--set', 'model.discriminator.filters=[4]', '--workers', '1'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-hang-up-'));
});

const stepsOf = async (out: string): Promise<number> => {
  const file = path.join(out, 'metrics.jsonl');
  return existsSync(file) ? (await readFile(file, 'utf8')).split('\n').length - 1 : 0;
};

it('a training without a terminal goes on at SIGHUP', async () => {
  const out = path.join(folder, 'nohup');
  const running = lstmGan(['train', ...model, '--steps', '400', '--out', out], { stdin: 'ignore' });
  while (running.exitCode === null && (await stepsOf(out)) < 5) await delay(20);
  running.kill('SIGHUP');
  const { exitCode, stdout } = await running;
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Finished step 400')]);
});

/** Runs a command in a terminal of its own, closes the terminal when `file` has a fifth line, prints the exit code. */
const closingTerminal = `
import os, pty, sys, threading, time
file, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
def read():
    try:
        while os.read(terminal, 65536): pass
    except OSError: pass
threading.Thread(target=read, daemon=True).start()
while not os.path.exists(file) or open(file).read().count('\\n') < 5:
    if os.waitpid(pid, os.WNOHANG) != (0, 0): sys.exit('it ended too early')
    time.sleep(0.02)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

it('a training stops in good order when its terminal is closed, and leaves a checkpoint and no lock', async () => {
  const out = path.join(folder, 'terminal');
  const command = commandLine(['train', ...model, '--steps', '100000000', '--out', out]);
  const { stdout, stderr } = await startProcess(
    ['python3', '-c', closingTerminal, path.join(out, 'metrics.jsonl'), ...command],
    { cwd: root },
  );
  expect([stdout, stderr]).toEqual(['0', '']);
  const step = await stepsOf(out);
  expect(await readdir(path.join(out, 'checkpoints'))).toContain(`step-${String(step).padStart(8, '0')}.safetensors`);
  const resumed = await lstmGan(['train', '--resume', out, '--steps', String(step + 1)]);
  expect([resumed.exitCode, resumed.stdout]).toEqual([0, expect.stringContaining(`Finished step ${step + 1}`)]);
});
