import path from 'node:path';
import type { TensorFlowVariant } from './release.ts';
import { tensorflowVersion } from './release.ts';

/** The user's cache folder: `$XDG_CACHE_HOME/lstm-gan`, or `~/.cache/lstm-gan`. */
export function defaultCacheDir(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const xdg = environment['XDG_CACHE_HOME'];
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, '.cache'), 'lstm-gan');
}

/**
 * The files of a variant. They are laid out like Python's site-packages, because TensorFlow's library looks for CUDA
 * next to itself.
 */
export interface TensorFlowPaths {
  readonly root: string;
  /** The folder of libtensorflow_cc.so.2, libtensorflow_framework.so.2 and include. */
  readonly libraryDir: string;
  /** A file that exists if the library is complete. */
  readonly libraryMarker: string;
  /** tfjs-node's own addon. */
  readonly stockBinding: string;
  /** Our addon. */
  readonly session: string;
  /** A file that exists if both addons are complete. */
  readonly bindingsMarker: string;
}

/**
 * The paths of a variant.
 * @param sourceKey the `addonKey`: addons that were compiled from other sources are in another folder
 */
export function tensorflowPaths(cacheDir: string, variant: TensorFlowVariant, sourceKey: string): TensorFlowPaths {
  const root = path.join(cacheDir, `tensorflow-${tensorflowVersion}-${variant}`);
  const bindings = path.join(root, `bindings-${sourceKey}`);
  return {
    root,
    libraryDir: path.join(root, 'tensorflow'),
    libraryMarker: path.join(root, 'library.json'),
    stockBinding: path.join(bindings, 'tfjs_binding.node'),
    session: path.join(bindings, 'session.node'),
    bindingsMarker: path.join(bindings, 'bindings.json'),
  };
}
