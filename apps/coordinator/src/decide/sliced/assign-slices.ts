/**
 * Decides which worker owns a slice, and which one is its backup. The slices are spread evenly. As few slices as
 * possible get a new owner or backup, because the state of a slice has to be sent to its new holder. A backup is on
 * another machine than its owner, if there is another machine.
 */

/** A worker that may own slices. */
export interface Candidate {
  readonly connection: string;
  readonly host: string;
}

/** The connections of the workers that hold a slice's state. There is no backup if the owner is the only worker. */
export interface Holders {
  readonly owner: string;
  readonly backup: string | undefined;
}

/**
 * Assigns an owner and a backup to every slice. There must be at least one candidate.
 * @param before for each slice, its holders until now, if it had any; these workers may be gone
 */
export function assignSlices(candidates: readonly Candidate[], before: readonly (Holders | undefined)[]): Holders[] {
  const connections = candidates.map(({ connection }) => connection);
  const owners = spread(
    before.map((holders) => [holders?.owner, holders?.backup]),
    before.map(() => connections),
  );
  const hostOf = new Map(candidates.map(({ connection, host }) => [connection, host]));
  const others = owners.map((owner) => {
    const elsewhere = connections.filter((connection) => hostOf.get(connection) !== hostOf.get(owner));
    return elsewhere.length > 0 ? elsewhere : connections.filter((connection) => connection !== owner);
  });
  const backups = spread(
    before.map((holders) => [holders?.backup, holders?.owner]),
    others,
  );
  return owners.map((owner, k) => ({ owner, backup: backups[k] as string | undefined }));
}

/**
 * Chooses for each slice (`place` is its number) one of its allowed connections. Tries the two preferred connections in
 * order, and chooses one that is allowed and has less than a fair share of the slices. If neither fits, chooses the
 * allowed connection with the fewest slices. A slice without an allowed connection gets undefined.
 */
function spread(
  preferred: readonly (readonly [string | undefined, string | undefined])[],
  allowed: readonly (readonly string[])[],
): string[] {
  const all = new Set(allowed.flat());
  const share = Math.ceil(allowed.length / Math.max(1, all.size));
  const load = new Map([...all].map((connection) => [connection, 0]));
  const loadOf = (connection: string): number => load.get(connection) ?? 0;
  const chosen: (string | undefined)[] = allowed.map(() => undefined);
  const choose = (place: number, connection: string | undefined): void => {
    chosen[place] = connection;
    if (connection !== undefined) load.set(connection, loadOf(connection) + 1);
  };
  for (const rank of [0, 1]) {
    preferred.forEach(({ [rank]: favourite }, place) => {
      if (chosen[place] !== undefined || favourite === undefined) return;
      if (allowed[place].includes(favourite) && loadOf(favourite) < share) choose(place, favourite);
    });
  }
  allowed.forEach((choices, place) => {
    if (chosen[place] !== undefined || choices.length === 0) return;
    const leastLoaded = choices.reduce((least, other) => (loadOf(other) < loadOf(least) ? other : least));
    choose(place, leastLoaded);
  });
  return chosen as string[];
}
