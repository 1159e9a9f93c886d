import { homedir } from 'node:os';
import { defaultCacheDir } from '../tensorflow/cache-folder.ts';
import { provision } from '../tensorflow/provision.ts';

/** The user's own cache, with TensorFlow in it: provisioned on first use, a matter of milliseconds afterwards. */
export async function provisionedCache(): Promise<string> {
  const cacheDir = defaultCacheDir(process.env, homedir());
  await provision({ cacheDir, variant: 'cpu' });
  return cacheDir;
}
