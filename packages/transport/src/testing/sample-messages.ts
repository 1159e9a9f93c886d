/** The samples of the protocol as whole messages: what decoding is tested with, and what fuzzing starts from. */
import type { MessageOf, MessageTable } from '../protocol/message-entry.ts';

/** Every sample of a table. */
export function samplesOf<Table extends MessageTable>(table: Table): MessageOf<Table>[] {
  return Object.entries(table).flatMap(([kind, { samples }]) =>
    samples.map((sample) => ({ kind, ...sample }) as MessageOf<Table>),
  );
}

/** The first sample of a kind. */
export function sampleOf<Table extends MessageTable, Kind extends keyof Table>(
  table: Table,
  kind: Kind,
): MessageOf<Table, Kind> {
  return { kind, ...table[kind].samples[0] } as MessageOf<Table, Kind>;
}
