import { UserError } from '@lstm-gan/core/errors';
import { runProgram } from '@lstm-gan/system';

/** A Python whose pip works. */
export interface Python {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Settings of pip that are meant for the user's own packages, and would only prevent our download, which installs
 * nothing. These variables override the environment and pip.conf. Where pip looks for packages (index, proxy,
 * certificates, no-index) stays the user's decision.
 */
const pipSettings = {
  PIP_REQUIRE_VIRTUALENV: '0',
  PIP_REQUIRE_HASHES: '0',
  PIP_CONSTRAINT: '/dev/null',
} as const;

/** Variables that would make Python or pip another program, or pip download something else. */
const unwanted = [
  ...['PYTHONHOME', 'PYTHONPATH', 'PIP_PYTHON', 'PIP_REQUIREMENT', 'PIP_EDITABLE', 'PIP_NO_BINARY', 'PIP_PLATFORM'],
  ...['PIP_PYTHON_VERSION', 'PIP_IMPLEMENTATION', 'PIP_ABI', 'PIP_QUIET'],
];

const printBase = 'import sys; print(getattr(sys, "_base_executable", None) or sys.executable)';

/**
 * Finds a Python with pip: `python3`, or the Python that an active virtual environment without pip was made from.
 * Throws a UserError if there is none.
 */
export async function findPython(given: NodeJS.ProcessEnv): Promise<Python> {
  const env = { ...given, ...pipSettings, ...Object.fromEntries(unwanted.map((name) => [name, undefined])) };
  const base = await runProgram('python3', ['-c', printBase], { env });
  if (base.missing) throw missingTool('python3', 'Install Python 3 with pip (Debian: apt-get install python3-pip).');
  const { PYTHONHOME, PYTHONPATH } = given;
  const candidates: Python[] = [
    { program: 'python3', env },
    ...(base.status === 0 ? [{ program: base.stdout.trim(), env }] : []),
    // Some systems find pip by these variables.
    { program: 'python3', env: { ...env, PYTHONHOME, PYTHONPATH } },
  ];
  for (const python of candidates)
    if ((await runProgram(python.program, ['-m', 'pip', '--version'], { env: python.env })).status === 0) return python;
  const { VIRTUAL_ENV } = given;
  throw missingTool(
    'pip for python3',
    VIRTUAL_ENV === undefined
      ? 'Install pip (Debian: apt-get install python3-pip).'
      : `Install pip (Debian: apt-get install python3-pip), or add it to the active environment ${VIRTUAL_ENV}: python3 -m ensurepip.`,
  );
}

/** The error about a program that setup needs and did not find. */
export function missingTool(what: string, advice: string): UserError {
  return new UserError({ code: 'tool-missing', message: `Setup needs ${what}, and did not find it.`, advice });
}

/** Names the variables of an environment that decide where pip or npm looks for packages, for an advice. */
export function namedVariables(env: NodeJS.ProcessEnv, pattern: RegExp): string {
  const names = Object.keys(env).filter((name) => pattern.test(name) && env[name] !== '');
  return names.length === 0 ? '' : ` Your environment sets ${names.sort().join(', ')}.`;
}
