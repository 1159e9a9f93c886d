/** The part of this package that a program may use before it loads the rest. It imports nothing but Node. */
export { defaultCacheDir } from './tensorflow/provision/cache-folder.ts';
export { preloadTensorFlow } from './tensorflow/runtime/preload-tensorflow.ts';
