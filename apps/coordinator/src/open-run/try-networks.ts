import { createPhaseUnits, type Unit } from '@lstm-gan/core';
import { openEngine, probeUnit } from '@lstm-gan/engine';
import type { RunConfig } from '@lstm-gan/run';

/**
 * Tries the units of a run on this machine's processor, so that a mistake in a custom network is reported before the
 * run's folder is made. The graph engine compiles them; the graphs stay in its cache, where workers on processors find
 * them. The eager engine runs them once.
 */
export async function tryNetworks({ model, shardSize, engine: name }: RunConfig, cacheDir: string): Promise<void> {
  const engine = await openEngine(name, { threads: 1, device: 'cpu', cacheDir });
  try {
    for (const unit of Object.values(createPhaseUnits(model, shardSize)) as Unit[]) {
      const compiled = await engine.compile(unit);
      if (name === 'eager') await probeUnit(compiled);
    }
  } finally {
    await engine.close();
  }
}
