import { UserError } from '@lstm-gan/core/errors';
import type { Engine, EngineName, EngineOptions } from './contract/engine.ts';
import { openGraphEngine } from './graph-engine.ts';
import { notProvisioned } from './not-provisioned.ts';
import { supportsBfloat16 } from './processor.ts';
import { locateTensorFlow } from './tensorflow/provision/provision.ts';

/** Opens an engine on the TensorFlow in the cache. Throws a UserError if TensorFlow was not provisioned. */
export async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  refusePrecision(name, options);
  const provisioned = await locateTensorFlow(options.cacheDir, options.device);
  if (provisioned === undefined) throw notProvisioned(options.device, options.cacheDir);
  if (name === 'graph') return openGraphEngine(provisioned, options);
  const { openEagerEngine } = await import('./eager-engine.ts');
  return openEagerEngine(provisioned, options);
}

function refusePrecision(name: EngineName, { device, precision = 'float32' }: EngineOptions): void {
  if (precision === 'tf32' && device === 'cpu') {
    throw new UserError({
      code: 'precision-needs-gpu',
      message: "Only NVIDIA's GPUs have the precision tf32, and this worker computes on a processor.",
      advice: 'Use --device gpu, or precision bfloat16 or float32.',
    });
  }
  if (precision !== 'float32' && name === 'eager') {
    throw new UserError({
      code: 'precision-of-graphs',
      message: `The eager engine is the reference, in float32; it was asked for ${precision}.`,
      advice: 'Use the graph engine, or precision float32.',
    });
  }
  if (precision === 'bfloat16' && device === 'cpu' && !supportsBfloat16()) {
    throw new UserError({
      code: 'precision-needs-avx512',
      message: 'Precision bfloat16 needs a processor with AVX-512: on this one TensorFlow would round sums, too.',
      advice: 'Use another machine, or precision float32.',
    });
  }
}
