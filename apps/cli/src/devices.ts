import { readdirSync } from 'node:fs';

/** How many NVIDIA GPUs this machine shows: its driver makes a device file for each. */
export function countGpus(deviceFolder = '/dev'): number {
  try {
    return readdirSync(deviceFolder).filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

export type DeviceChoice = 'auto' | 'cpu' | 'gpu';

/** The kind of device to train on. */
export function chooseDevice(choice: DeviceChoice, gpus: number): 'cpu' | 'gpu' {
  return choice === 'auto' ? (gpus > 0 ? 'gpu' : 'cpu') : choice;
}
