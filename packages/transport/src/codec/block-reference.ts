import { z } from 'zod';

/** Where a process finds a block of memory of another process on the same machine. */
export interface BlockReference {
  readonly pid: number;
  readonly fd: number;
  /** No other block of any process has ever had this name. */
  readonly name: string;
}

const identifier = z
  .number()
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);
export const blockName = z.string().regex(/^lstm-gan-[0-9a-f]{16}-\d{1,15}$/);

/** Checks the form in which a reference travels: [pid, fd, name]. */
export const referenceSchema = z
  .tuple([identifier, identifier, blockName])
  .transform(([pid, fd, name]): BlockReference => ({ pid, fd, name }));

/** Returns the form in which a reference travels. */
export const packReference = ({ pid, fd, name }: BlockReference) => [pid, fd, name] as const;
