/** The same model in PyTorch, in a Python process of its own that does an iteration when asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface TorchPeer {
  /** With PyTorch's version. */
  readonly name: string;
  /** Milliseconds of one iteration, by its own clock. */
  step(): Promise<number>;
  close(): Promise<void>;
}

export interface TorchOptions {
  /** A Python that has PyTorch. */
  readonly python: string;
  readonly batch: number;
  readonly threads: number;
  /** Through torch.compile. */
  readonly compile: boolean;
}

/** Throws when the Python cannot be started, or has no PyTorch. */
export async function startTorchPeer({ python, batch, threads, compile }: TorchOptions): Promise<TorchPeer> {
  const script = fileURLToPath(new URL('torch_step.py', import.meta.url));
  const parameters = [script, '--batch', String(batch), '--threads', String(threads), ...(compile ? ['--compile'] : [])];
  const child = spawn(python, parameters, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${python} ended; what it said stands above.`);
    return value;
  };
  const version = await nextLine();
  return {
    name: `${version}${compile ? ', compiled' : ''}`,
    async step() {
      child.stdin.write('\n');
      return Number(await nextLine());
    },
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
