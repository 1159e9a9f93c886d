import { UserError } from '@lstm-gan/core/errors';
import { setBackend } from '@tensorflow/tfjs-core';

export type BackendName = 'webgl' | 'wasm' | 'cpu';

/** Each backend is loaded when it is first wanted. */
const loaders: Readonly<Record<BackendName, () => Promise<unknown>>> = {
  webgl: () => import('./backends/webgl.ts'),
  wasm: () => import('./backends/wasm.ts').then(({ setUpWasm }) => setUpWasm()),
  cpu: () => import('./backends/cpu.ts'),
};

/** Makes the wanted backend tfjs's current one, or the next best that starts here; says which one it is. */
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
