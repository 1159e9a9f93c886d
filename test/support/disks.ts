/** Small or read-only disks in memory. Root ignores the modes of folders, but not the limits of a disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';

export interface Disk {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Mounts a tmpfs with options such as `size=1m` or `ro`. Throws if this process may not mount. */
export async function createDisk(options: string): Promise<Disk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lstm-gan-disk-'));
  const { exitCode, stderr } = await execa('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { reject: false });
  if (exitCode !== 0)
    throw new Error(
      `This test mounts a tmpfs, and may not (${stderr}). Run it as root, or in a container that allows mounts.`,
    );
  return {
    folder,
    async remove() {
      await execa('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true });
    },
  };
}
