import { stat } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { addCacheDir, cacheDirOf, type CacheOptions } from '@lstm-gan/command-line';
import { chooseDevice, findGpus } from '@lstm-gan/command-line/devices';
import { provisionWithProgress } from '@lstm-gan/command-line/terminal';
import { Option, type Command } from 'commander';

interface SetupOptions extends CacheOptions {
  readonly variant: 'auto' | 'cpu' | 'gpu';
}

const examples = `
Examples:
  $ lstm-gan setup                                # into the cache of your user
  $ lstm-gan setup --cache-dir /shared/lstm-gan   # once for a whole cluster: nodes then need no internet and no compiler`;

export function addSetup(program: Command): void {
  const command = program
    .command('setup')
    .description('fetch and build native TensorFlow')
    .addOption(new Option('--variant <kind>', 'with or without CUDA').choices(['auto', 'cpu', 'gpu']).default('auto'))
    .addHelpText('after', examples);
  addCacheDir(command).action(setup);
}

async function setup(options: SetupOptions): Promise<void> {
  // The user may choose any variant (cpu or gpu), because a machine without a GPU may set up the cache for machines
  // that have one.
  const variant = options.variant === 'auto' ? chooseDevice('auto', findGpus().length) : options.variant;
  const { paths } = await provisionWithProgress(cacheDirOf(options), variant, () => performance.now());
  const library = path.join(paths.libraryDir, 'libtensorflow_cc.so.2');
  const { size } = await stat(library);
  process.stdout.write(`TensorFlow (${variant}) is ready: ${library}, ${Math.round(size / 1e6)} MB.\n`);
}
