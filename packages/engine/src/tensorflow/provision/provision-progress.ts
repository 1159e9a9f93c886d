/** How far provisioning is. Both numbers of bytes are 0 in a stage whose size is not known. */
export interface ProvisionProgress {
  readonly stage: 'download' | 'unpack' | 'compile';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Called several times while provisioning works. */
export type OnProvisionProgress = (progress: ProvisionProgress) => void;
