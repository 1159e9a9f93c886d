import { homedir } from 'node:os';
import { defaultCacheDir } from '@lstm-gan/engine/startup';
import type { Command } from 'commander';

export interface CacheOptions {
  readonly cacheDir?: string;
}

/** Adds `--cache-dir`, the option of every command that needs TensorFlow or data. */
export function addCacheDir(command: Command): Command {
  return command.option(
    '--cache-dir <folder>',
    'where TensorFlow, graphs and data sets are kept (default: $XDG_CACHE_HOME/lstm-gan)',
  );
}

export function cacheDirOf({ cacheDir }: CacheOptions): string {
  return cacheDir ?? defaultCacheDir(process.env, homedir());
}
