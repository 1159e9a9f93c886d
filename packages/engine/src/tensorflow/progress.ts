/** What provisioning tells while it works; bytes are 0 where they are not known. */
export interface ProgressReport {
  readonly stage: 'download' | 'unpack' | 'compile';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Hears how provisioning gets on. */
export type Progress = (report: ProgressReport) => void;
