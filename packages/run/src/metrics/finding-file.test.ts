import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { appendFinding, readFindings, type Finding } from './finding-file.ts';

it('writes findings to a file, and reads those up to a step', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'lstm-gan-health-')), 'health.jsonl');
  expect(await readFindings(file, 9)).toEqual([]);
  const sentences = { message: 'It went wrong.', advice: 'Try again.' };
  const findings: Finding[] = [
    { event: 'one-picture', step: 200, images: 12_800, ...sentences },
    { event: 'diverged', step: 3, images: 192, ...sentences },
  ];
  for (const finding of findings) appendFinding(file, finding, () => undefined);
  expect(await readFindings(file, 200)).toEqual(findings);
  expect(await readFindings(file, 199)).toEqual([findings[1]]);
  await writeFile(file, `${await readFile(file, 'utf8')}{"event":"unheard"}\n{"event":"dive`);
  expect(await readFindings(file, 200)).toEqual(findings);
  const taken = (): void => {
    throw new Error('taken over');
  };
  expect(() => appendFinding(file, findings[0], taken)).toThrow('taken over');
});
