import type { ResultPromise } from 'execa';

/** Resolves to the match when a process has written text that matches `pattern`. Rejects if it ends before. */
export function heard(
  process: ResultPromise,
  pattern: RegExp,
  stream: 'stdout' | 'stderr' = 'stderr',
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    process[stream]?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = pattern.exec(text);
      if (found !== null) resolve(found);
    });
    void process.then(() => reject(new Error(`It ended without ${String(pattern)}:\n${text}`)));
  });
}
