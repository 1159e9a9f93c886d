import { UserError } from '@lstm-gan/core/errors';
import { setBackend } from '@tensorflow/tfjs-core';

export type BackendName = 'webgl' | 'wasm' | 'cpu';

/** Loads a backend. A page loads only the backends that it uses. */
const loaders: Readonly<Record<BackendName, () => Promise<unknown>>> = {
  webgl: () => import('./backends/webgl.ts'),
  wasm: () => import('./backends/wasm.ts').then(({ setUpWasm }) => setUpWasm()),
  cpu: () => import('./backends/cpu.ts'),
};

/**
 * Starts the wanted backend. If it does not start in this browser, tries wasm and then cpu. Resolves to the one that
 * started.
 */
export async function startBackend(wanted: BackendName): Promise<BackendName> {
  for (const name of new Set<BackendName>([wanted, 'wasm', 'cpu'])) {
    await loaders[name]();
    if (await setBackend(name)) return name;
  }
  throw new UserError({
    code: 'no-backend',
    message: "None of tfjs's backends starts in this browser.",
    advice: 'Use a browser of the last few years, with WebAssembly allowed.',
  });
}
