/** The part of this package that a program may use before it loads the rest. This part loads no other packages. */
export { defaultCacheDir } from './tensorflow/provision/cache-folder.ts';
export { preloadTensorFlow } from './tensorflow/runtime/preload-tensorflow.ts';
