import {
  locateTensorFlow,
  provision,
  type ProvisionProgress,
  type Provisioned,
  type TensorFlowVariant,
} from '@lstm-gan/engine';
import { createProgressDisplay } from './progress-display.ts';

const labels = {
  download: 'Fetching TensorFlow',
  unpack: 'Unpacking TensorFlow',
  compile: 'Compiling bindings',
} as const;

/**
 * Provisions TensorFlow (downloads, unpacks and compiles it) and shows the progress. If TensorFlow is provisioned
 * already, returns at once and shows nothing.
 */
export async function provisionWithProgress(
  cacheDir: string,
  variant: TensorFlowVariant,
  now: () => number,
): Promise<Provisioned> {
  const found = await locateTensorFlow(cacheDir, variant);
  if (found !== undefined) return found;
  let stage: ProvisionProgress['stage'] | undefined;
  let display = createProgressDisplay('', process.stderr, now);
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  try {
    return await provision({
      cacheDir,
      variant,
      onNotice: (sentence) => void process.stderr.write(`${sentence}\n`),
      onProgress({ stage: next, doneBytes, totalBytes }) {
        if (next !== stage) {
          display.stop();
          display = createProgressDisplay(labels[next], process.stderr, now);
          stage = next;
        }
        const sizes = totalBytes > 0 ? `${megabytes(doneBytes)} of ${megabytes(totalBytes)}` : 'about half a minute';
        display.update(doneBytes, Math.max(1, totalBytes), next === 'unpack' ? megabytes(totalBytes) : sizes);
      },
    });
  } finally {
    display.stop();
  }
}
