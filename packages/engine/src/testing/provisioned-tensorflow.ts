import { homedir } from 'node:os';
import { defaultCacheDir } from '../tensorflow/provision/cache-folder.ts';
import { provision, type Provisioned } from '../tensorflow/provision/provision.ts';

/** The user's own cache folder, with TensorFlow in it. Provisions TensorFlow only if it is not there. */
export async function provisionedCache(): Promise<string> {
  const cacheDir = defaultCacheDir(process.env, homedir());
  await provision({ cacheDir, variant: 'cpu' });
  return cacheDir;
}

/** TensorFlow for the CPU in the user's own cache folder. */
export async function provisionedTensorFlow(): Promise<Provisioned> {
  return provision({ cacheDir: await provisionedCache(), variant: 'cpu' });
}
