import { readdirSync } from 'node:fs';
import { UserError } from '@lstm-gan/core';

/** How many NVIDIA GPUs this machine shows: its driver makes a device file for each. */
export function countGpus(deviceFolder = '/dev'): number {
  try {
    return readdirSync(deviceFolder).filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

export type DeviceChoice = 'auto' | 'cpu' | 'gpu';

/** The kind of device to compute on; throws a UserError when it is to be a GPU and there is none. */
export function chooseDevice(choice: DeviceChoice, gpus: number): 'cpu' | 'gpu' {
  if (choice === 'auto') return gpus > 0 ? 'gpu' : 'cpu';
  if (choice === 'cpu' || gpus > 0) return choice;
  throw new UserError({
    code: 'no-gpu',
    message: '--device gpu computes on an NVIDIA GPU; this machine shows none: its driver has made no /dev/nvidia0.',
    advice: 'Leave it out to compute on the CPU, or install the driver (in a container, hand the GPUs through); nvidia-smi tells whether it works.',
  });
}
