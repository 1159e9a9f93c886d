/** What a process may use of this package before it loads the rest: nothing here imports more than Node. */
export { defaultCacheDir } from './tensorflow/cache-folder.ts';
export { preloadTensorFlow } from './tensorflow/preload.ts';
