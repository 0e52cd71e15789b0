export type ClaimState = 'active' | 'shadowed' | 'orphan';

/** What one source says about one ref at one place. */
export interface Claim {
  /** UUIDv7: claims sort by age. */
  id: string;
  no: number;
  sourceId: string;
  locationRef: string;
  originRef: string;
  state: ClaimState;
  raw: string;
  hash: string;
  parentNo: number | null;
}

/** A claim to lay, or to lay anew with other content. */
export type NewClaim = Omit<Claim, 'state' | 'id'>;

export interface ClaimPlace {
  sourceId: string;
  locationRef: string;
}

/** What becomes of the claims of one ref. */
export interface ClaimResolution {
  deleted: Claim[];
  /** New and changed claims, in their new state. */
  written: Claim[];
  /** Whose document the entity shows; undefined when the entity goes, or stays as an orphan. */
  active: Claim | undefined;
  /** The active claim is another one than before, or says something else. */
  activeChanged: boolean;
  /** The last claim is gone and its grace time begins or runs. */
  orphaned: boolean;
}

const samePlace = (claim: ClaimPlace, place: ClaimPlace): boolean => {
  return claim.sourceId === place.sourceId && claim.locationRef === place.locationRef;
};

/**
 * Lays and takes away claims on one ref. The oldest claim is active, later ones are shadowed; when the active one goes the
 * oldest shadowed takes over at once, so a moved descriptor leaves no gap. Without any claim left the last one stays as
 * an orphan when `keepOrphan` is set.
 */
export function resolveClaims(input: {
  current: readonly Claim[];
  laid: readonly NewClaim[];
  removed: readonly ClaimPlace[];
  keepOrphan: boolean;
  newId: () => string;
}): ClaimResolution {
  const { current, laid, removed, keepOrphan, newId } = input;
  const gone = current.filter((claim) => removed.some((place) => samePlace(claim, place)));
  const kept = current.filter((claim) => !gone.includes(claim) && claim.state !== 'orphan');
  const orphan = current.find((claim) => claim.state === 'orphan' && !gone.includes(claim));
  const before = current.find((claim) => claim.state === 'active');

  const claims = laid.reduce((all, claim) => layClaim(all, orphan, claim, newId), kept);
  const winner = claims.find((claim) => claim.state === 'active') ?? claims[0];
  const after = claims.map((claim): Claim => ({ ...claim, state: claim === winner ? 'active' : 'shadowed' }));
  const last = winner ? undefined : (orphan ?? (keepOrphan ? (before ?? gone[0]) : undefined));
  const result = last ? [{ ...last, state: 'orphan' as const }] : after;

  const active = after.find((claim) => claim.state === 'active');
  return {
    deleted: current.filter((claim) => !result.some((other) => other.id === claim.id)),
    written: result.filter((claim) => !current.some((other) => sameClaim(other, claim))),
    active,
    activeChanged: active !== undefined && !(before && before.id === active.id && before.hash === active.hash),
    orphaned: last !== undefined,
  };
}

/** An orphan at the same place comes back to life; one elsewhere gives way. */
function layClaim(kept: Claim[], orphan: Claim | undefined, laid: NewClaim, newId: () => string): Claim[] {
  const known = [...kept, ...(orphan ? [orphan] : [])].find((claim) => samePlace(claim, laid));
  if (!known) return [...kept, { ...laid, id: newId(), state: 'shadowed' }];
  const again: Claim = { ...known, ...laid, state: known.state === 'active' ? 'active' : 'shadowed' };
  return [...kept.filter((claim) => claim.id !== known.id), again].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function sameClaim(a: Claim, b: Claim): boolean {
  return (
    a.id === b.id &&
    a.state === b.state &&
    a.hash === b.hash &&
    a.originRef === b.originRef &&
    a.parentNo === b.parentNo
  );
}
