/**
 * Who owns a slice and who backs it up. As evenly as it goes, moving as few slices as it takes: what moves has to travel. A
 * backup is on another machine than the owner where there is another.
 */

/** Who may own slices. */
export interface Candidate {
  readonly peer: string;
  readonly host: string;
}

/** The peers that hold a slice's state; no backup where there is nobody else. */
export interface Holders {
  readonly owner: string;
  readonly backup: string | undefined;
}

/** Shares slices out among at least one candidate. @param before who held each slice until now, if anybody did; may name peers that are gone */
export function assignSlices(candidates: readonly Candidate[], before: readonly (Holders | undefined)[]): Holders[] {
  const peers = candidates.map(({ peer }) => peer);
  const owners = spread(
    before.map((holders) => [holders?.owner, holders?.backup]),
    before.map(() => peers),
  );
  const hostOf = new Map(candidates.map(({ peer, host }) => [peer, host]));
  const others = owners.map((owner) => {
    const elsewhere = peers.filter((peer) => hostOf.get(peer) !== hostOf.get(owner));
    return elsewhere.length > 0 ? elsewhere : peers.filter((peer) => peer !== owner);
  });
  const backups = spread(
    before.map((holders) => [holders?.backup, holders?.owner]),
    others,
  );
  return owners.map((owner, k) => ({ owner, backup: backups[k] as string | undefined }));
}

/**
 * One of its allowed peers for each place, or undefined where none is allowed: its first choice, or else its second, while that has
 * no more than a fair share, otherwise whoever has least.
 */
function spread(
  preferred: readonly (readonly [string | undefined, string | undefined])[],
  allowed: readonly (readonly string[])[],
): string[] {
  const all = new Set(allowed.flat());
  const share = Math.ceil(allowed.length / Math.max(1, all.size));
  const load = new Map([...all].map((peer) => [peer, 0]));
  const loadOf = (peer: string): number => load.get(peer) ?? 0;
  const chosen: (string | undefined)[] = allowed.map(() => undefined);
  const choose = (place: number, peer: string | undefined): void => {
    chosen[place] = peer;
    if (peer !== undefined) load.set(peer, loadOf(peer) + 1);
  };
  for (const rank of [0, 1]) {
    preferred.forEach(({ [rank]: peer }, place) => {
      if (chosen[place] === undefined && peer !== undefined && allowed[place].includes(peer) && loadOf(peer) < share)
        choose(place, peer);
    });
  }
  allowed.forEach((peers, place) => {
    if (chosen[place] !== undefined || peers.length === 0) return;
    choose(
      place,
      peers.reduce((least, peer) => (loadOf(peer) < loadOf(least) ? peer : least)),
    );
  });
  return chosen as string[];
}
