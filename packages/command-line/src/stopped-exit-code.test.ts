import { Command } from 'commander';
import { expect, it } from 'vitest';
import { earlyStoppedExitCode, isUnderScheduler, stoppedExitCode } from '../stopped-exit-code.js';
import { addStoppedExitCode } from './stopped-exit-code-option.ts';

it.each([
  [{ SLURM_JOB_ID: '4711' }, true],
  [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, true],
  [{ JOB_COMPLETION_INDEX: '0' }, true],
  [{ SKYPILOT_TASK_ID: 'sky-1' }, true],
  [{ SKYPILOT_NODE_RANK: '0' }, true],
  [{ SLURM_JOB_ID: '' }, false],
  [{ HOME: '/root', SLURM_CONF: '/etc/slurm' }, false],
])('knows a scheduler by its variables: %j', (environment, expected) => {
  expect(isUnderScheduler(environment)).toBe(expected);
});

it('is 75 under a scheduler and 0 elsewhere, unless the user asks for another code', () => {
  const scheduled = { SLURM_JOB_ID: '4711' };
  expect([stoppedExitCode(undefined, scheduled), stoppedExitCode(undefined, {})]).toEqual([75, 0]);
  expect([stoppedExitCode(0, scheduled), stoppedExitCode(3, {})]).toEqual([0, 3]);
});

it('is known before the parameters are read', () => {
  expect(earlyStoppedExitCode(['worker', '--stopped-exit-code', '9'], {})).toBe(9);
  expect(earlyStoppedExitCode(['worker', '--stopped-exit-code=125'], {})).toBe(125);
  for (const words of [[], ['--stopped-exit-code'], ['--stopped-exit-code', '126'], ['--stopped-exit-code', '-1']])
    expect(earlyStoppedExitCode(words, { SLURM_JOB_ID: '1' })).toBe(75);
});

/** The option's value, or what the command answers. */
function read(text: string): unknown {
  const command = addStoppedExitCode(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    return command.parse(['--stopped-exit-code', text], { from: 'user' }).opts()['stoppedExitCode'];
  } catch (error) {
    return (error as Error).message;
  }
}

it('is a whole number from 0 to 125', () => {
  expect(['0', '75', '125'].map(read)).toEqual([0, 75, 125]);
  for (const text of ['126', '-1', '7.5', 'x', '', '0075'])
    expect(read(text)).toContain(`Expected an exit code, a whole number from 0 to 125, got ${text}.`);
});
