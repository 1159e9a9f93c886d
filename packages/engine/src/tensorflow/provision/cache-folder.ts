import path from 'node:path';
import type { TensorFlowVariant } from './release.ts';
import { tensorflowVersion } from './release.ts';

/** One cache for each user: `$XDG_CACHE_HOME/lstm-gan`, or `~/.cache/lstm-gan`. */
export function defaultCacheDir(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const xdg = environment['XDG_CACHE_HOME'];
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, '.cache'), 'lstm-gan');
}

/** Where a variant's files lie; laid out like Python's site-packages, because the library looks for CUDA beside itself. */
export interface TensorFlowPaths {
  readonly root: string;
  /** Holds libtensorflow_cc.so.2, libtensorflow_framework.so.2 and include. */
  readonly libraryDir: string;
  /** Written when the library is complete. */
  readonly libraryMarker: string;
  readonly stockBinding: string;
  readonly session: string;
  /** Written when the bindings are complete. */
  readonly bindingsMarker: string;
}

/** The paths of a variant; `sourceKey` tells compiled bindings of different sources apart. */
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
