import { homedir } from 'node:os';
import { defaultCacheDir } from '@lstm-gan/engine/startup';
import type { Command } from 'commander';
import { writableCache } from './writable-cache.ts';

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

/** The cache that a command uses: see `writableCache`. */
export function cacheDirOf({ cacheDir }: CacheOptions): string {
  return writableCache(cacheDir ?? defaultCacheDir(process.env, homedir()), (sentence) =>
    process.stderr.write(`${sentence}\n`),
  );
}
