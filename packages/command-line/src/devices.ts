import { readdirSync } from 'node:fs';
import { UserError } from '@lstm-gan/core/errors';

/**
 * Returns the names of the NVIDIA GPUs that this process may use. CUDA_VISIBLE_DEVICES lists the names. If the variable
 * is not set, the names are numbers from 0, one for each device file of the driver. Without device files there are no
 * GPUs.
 */
export function findGpus(visible = process.env['CUDA_VISIBLE_DEVICES'], deviceFolder = '/dev'): string[] {
  const count = countDeviceFiles(deviceFolder);
  if (visible === undefined || count === 0) return Array.from({ length: count }, (_, index) => String(index));
  const names = visible.split(',').map((name) => name.trim());
  const end = names.findIndex((name) => name === '' || name === '-1');
  return end < 0 ? names : names.slice(0, end);
}

function countDeviceFiles(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

export type DeviceChoice = 'auto' | 'cpu' | 'gpu';

/** Returns the kind of device to compute on. Throws a UserError if the choice is `gpu` and there is no GPU. */
export function chooseDevice(choice: DeviceChoice, gpus: number): 'cpu' | 'gpu' {
  if (choice === 'auto') return gpus > 0 ? 'gpu' : 'cpu';
  if (choice === 'cpu' || gpus > 0) return choice;
  throw new UserError({
    code: 'no-gpu',
    message:
      '--device gpu needs an NVIDIA GPU, and this machine shows none: there is no /dev/nvidia0, or CUDA_VISIBLE_DEVICES names none.',
    advice:
      'Leave --device out to compute on the CPU, or install the driver (in a container, pass the GPUs through); nvidia-smi tells whether it works.',
  });
}
