import { UserError } from '@lstm-gan/core';
import { openEagerEngine } from './eager-engine.ts';
import type { Engine, EngineName, EngineOptions } from './engine.ts';
import { openGraphEngine } from './graph-engine.ts';
import { locateTensorFlow } from './tensorflow/provision.ts';

/** Opens an engine on the TensorFlow that provisioning has put into the cache. */
export async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  const provisioned = await locateTensorFlow(options.cacheDir, options.device);
  if (provisioned === undefined) {
    throw new UserError({
      code: 'not-provisioned',
      message: `TensorFlow (${options.device}) is not set up in ${options.cacheDir}.`,
      advice: `Run: lstm-gan setup --variant ${options.device}`,
    });
  }
  return name === 'graph' ? openGraphEngine(provisioned, options) : openEagerEngine(provisioned, options);
}
