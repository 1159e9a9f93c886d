import path from 'node:path';
import { readIfPresent, writeAtomicallySync, type RunFolder } from '@lstm-gan/run';

/** The contents of a run's `run.json`. */
export interface RunStatus {
  /** The run's unique id. A message with the id of another run is stale. */
  readonly run: string;
  /** How many times a coordinator was started on this run. */
  readonly incarnation: number;
  /** Whether the run was strict at every start. */
  readonly strict: boolean;
  /**
   * Whether training came to its end, without a crash or an error, when the coordinator was last started. Missing in
   * runs of earlier versions of the program.
   */
  readonly ended?: boolean;
  /** The step up to which the run was last asked to train. Missing in runs of earlier versions of the program. */
  readonly lastStep?: number;
  /** The path of the file that defines the run's custom networks, absolute. Missing in runs without such networks. */
  readonly modelFile?: string;
}

const fileOf = (root: string): string => path.join(root, 'run.json');

/** Replaces `run.json` as a whole, because a coordinator may be killed at any instant. */
export function writeRunStatus({ root, confirm }: Pick<RunFolder, 'root' | 'confirm'>, status: RunStatus): void {
  writeAtomicallySync(fileOf(root), `${JSON.stringify(status)}\n`, confirm);
}

/** Returns undefined if `run.json` is missing or damaged. */
export async function readRunStatus(root: string): Promise<RunStatus | undefined> {
  const text = await readIfPresent(fileOf(root));
  try {
    const { run, incarnation, strict, ended, lastStep, modelFile } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (typeof run !== 'string' || !Number.isSafeInteger(incarnation)) return undefined;
    return {
      run,
      incarnation: incarnation as number,
      strict: strict !== false,
      ...(typeof ended === 'boolean' ? { ended } : {}),
      ...(Number.isSafeInteger(lastStep) ? { lastStep: lastStep as number } : {}),
      ...(typeof modelFile === 'string' && path.isAbsolute(modelFile) ? { modelFile } : {}),
    };
  } catch {
    return undefined;
  }
}
