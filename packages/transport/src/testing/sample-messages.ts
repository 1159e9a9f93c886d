/** The samples of the protocol as whole messages. Tests of decoding use them, and fuzzing starts from them. */
import type { MessageOf, MessageTable } from '../protocol/message-entry.ts';
import { workerMessages, type Contribution } from '../protocol/messages.ts';
import type { ShardLosses } from '../protocol/shared-fields.ts';

/** Every sample of a table. */
export function samplesOf<Table extends MessageTable>(table: Table): MessageOf<Table>[] {
  return Object.entries(table).flatMap(([kind, { samples }]) =>
    samples.map((sample) => ({ kind, ...sample }) as MessageOf<Table>),
  );
}

/** The first sample of a kind of message. */
export function sampleOf<Table extends MessageTable, Kind extends keyof Table>(
  table: Table,
  kind: Kind,
): MessageOf<Table, Kind> {
  return { kind, ...table[kind].samples[0] } as MessageOf<Table, Kind>;
}

/**
 * Returns the sample of a contribution, in which the given fields replace those of the sample. An item of `losses` may
 * lack fields: it gets them from the first item of the sample's `losses`. So a test names only the fields that it is
 * about.
 */
export function sampleContribution({
  losses,
  ...change
}: Partial<Omit<Contribution, 'losses'>> & { readonly losses?: readonly Partial<ShardLosses>[] }): Contribution {
  const sample = sampleOf(workerMessages, 'contribution');
  if (losses === undefined) return { ...sample, ...change };
  return { ...sample, ...change, losses: losses.map((loss) => ({ ...sample.losses[0], ...loss })) };
}
