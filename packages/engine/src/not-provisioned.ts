import { UserError } from '@lstm-gan/core/errors';
import type { TensorFlowVariant } from './tensorflow/provision/release.ts';

/** The error about a cache without TensorFlow. */
export function notProvisioned(variant: TensorFlowVariant, cacheDir: string): UserError {
  return new UserError({
    code: 'not-provisioned',
    message: `TensorFlow (${variant}) is not set up in ${cacheDir}.`,
    advice: `Run: lstm-gan setup --variant ${variant}`,
  });
}
