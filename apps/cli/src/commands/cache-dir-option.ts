import { homedir } from 'node:os';
import { defaultCacheDir } from '@lstm-gan/engine/startup';
import type { Command } from 'commander';

export interface CacheOptions {
  readonly cacheDir?: string;
}

/** Every command that needs TensorFlow or data takes the same option. */
export function addCacheDir(command: Command): Command {
  return command.option('--cache-dir <folder>', 'TensorFlow, graphs and data sets (default: $XDG_CACHE_HOME/lstm-gan)');
}

export function cacheDirOf({ cacheDir }: CacheOptions): string {
  return cacheDir ?? defaultCacheDir(process.env, homedir());
}
