import { platformTenantId } from '@idp/contracts';
import type { AccessPort } from '../access-port.ts';
import type { CompileCondition } from '../decision/conditions.ts';
import { createRevocationSignal, type Revocation, type RevocationSource } from '../revocations.ts';
import { createAccessStore } from '../snapshot/access-store.ts';
import { readHead, readRevoked, type Revoked } from '../snapshot/records.ts';
import type { SealedShard } from '../snapshot/seal-shards.ts';
import type { SignedText } from '../snapshot/signed.ts';
import type { RejectReason } from '../snapshot/tenant-state.ts';
import type { AccessAuthority } from './authority.ts';
import { createKeyRing } from './key-ring.ts';
import { createLaggards } from './laggards.ts';

/** Why a record was ignored; `signature`: auth has not signed it, or it is another one than it is given for. */
export type IgnoredReason = RejectReason | 'signature';

export interface AccessReplicaOptions {
  authority: AccessAuthority;
  compile: CompileCondition;
  clock: () => Date;
  /** A record was ignored: to be counted and, but for `version`, alarmed. */
  onIgnored?: (record: { tenantId: string; reason: IgnoredReason; shard?: string }) => void;
  /** A revocation arrived, so many seconds after it was made. */
  onRevoked?: (ageSeconds: number) => void;
}

/** The snapshot of all tenants in a process without auth: fed by its records, completed by its answers. */
export interface AccessReplica {
  readonly port: AccessPort;
  readonly revocations: RevocationSource;
  takeShard(tenantId: string, shard: SealedShard): void;
  takeHead(tenantId: string, head: SignedText): Promise<void>;
  takeRevocation(tenantId: string, record: SignedText): Promise<void>;
  /** The tenant has this version now. */
  takeAdvanced(tenantId: string, version: number): void;
  /** Auth has nothing to say that was not said. */
  takeBeat(): void;
  /** Seconds since auth was heard. */
  silenceSeconds(): number;
  /** Characters of the newest shards of all tenants, as they were published. */
  size(): number;
  /** Fetches what has been missing for 2 s; to be called every half second. A tenant that cannot be had is tried again later. */
  catchUp(): Promise<void>;
}

/** After that long without a beat, revocations may have been missed. */
const staleSeconds = 10;

/** Records may arrive in any order and any number of times; what auth has not signed changes nothing. */
export function createAccessReplica(options: AccessReplicaOptions): AccessReplica {
  const { authority, compile, clock, onIgnored, onRevoked } = options;
  const listeners: ((tenantId: string, version: number) => void)[] = [];
  const store = createAccessStore({
    compile,
    ...(onIgnored !== undefined && { onRejected: onIgnored }),
    onAdvanced: (tenantId, version) => listeners.forEach((hear) => hear(tenantId, version)),
  });
  const ring = createKeyRing({ keys: () => authority.verificationKeys(), clock });
  const laggards = createLaggards({ store, clock });
  const revocations = createRevocationSignal();
  /** Characters by shard name, by tenant. */
  const sizes = new Map<string, Map<string, number>>();
  /** Revocations whose key could not be read yet. */
  const unverified: [string, SignedText][] = [];
  let heardAt = clock().getTime();
  const silenceSeconds = (): number => (clock().getTime() - heardAt) / 1000;

  async function takeHead(tenantId: string, record: SignedText): Promise<void> {
    const keys = await ring.knowing(record.kid).catch(() => undefined);
    // Without the keys nothing is known of the record: the tenant is asked for, later.
    if (keys === undefined) return laggards.expect(tenantId, Number.POSITIVE_INFINITY);
    const head = readHead(tenantId, record, keys);
    if (head === undefined) return onIgnored?.({ tenantId, reason: 'signature' });
    store.putHead(head);
    if (store.version(tenantId) === head.version) {
      const held = sizes.get(tenantId);
      for (const name of held?.keys() ?? []) if (!Object.hasOwn(head.shards, name)) held!.delete(name);
    }
    laggards.look(tenantId);
  }

  function putShard(tenantId: string, shard: SealedShard): void {
    store.putShard(tenantId, shard);
    const held = sizes.get(tenantId) ?? new Map<string, number>();
    sizes.set(tenantId, held.set(shard.name, shard.text.length));
  }

  async function loadOne(tenantId: string): Promise<void> {
    const snapshot = await authority.snapshot(tenantId, store.version(tenantId));
    laggards.forget(tenantId);
    if (snapshot === undefined) {
      store.drop(tenantId);
      sizes.delete(tenantId);
    }
    if (snapshot === undefined || snapshot === 'unchanged') return;
    for (const shard of snapshot.shards) putShard(tenantId, shard);
    await takeHead(tenantId, snapshot.head);
  }

  async function takeRevocation(tenantId: string, record: SignedText): Promise<void> {
    const keys = await ring.knowing(record.kid).catch(() => undefined);
    if (keys === undefined) return void unverified.push([tenantId, record]);
    const revoked = readRevoked(tenantId, record, keys);
    const revocation = revoked && revocationOf(revoked);
    if (revocation === undefined) return onIgnored?.({ tenantId, reason: 'signature' });
    revocations.announce(revocation);
    onRevoked?.(Math.max(0, (clock().getTime() - revoked!.at) / 1000));
  }

  async function load(tenantId: string): Promise<void> {
    // Roles and services are in the platform tenant's record: nobody's rights are known without it.
    const ids = new Set([...(store.version(platformTenantId) === undefined ? [platformTenantId] : []), tenantId]);
    await Promise.all([...ids].map(loadOne));
  }

  return {
    port: {
      world: (tenantId) => store.world(tenantId),
      onAdvanced: (listener) => void listeners.push(listener),
      check: (request) => authority.check(request),
      load,
      hasOrigin: (origin) => store.hasOrigin(origin),
      isStale: () => silenceSeconds() > staleSeconds,
    },
    revocations,
    takeShard(tenantId, shard) {
      putShard(tenantId, shard);
      laggards.look(tenantId);
    },
    takeHead,
    takeRevocation,
    takeAdvanced: (tenantId, version) => laggards.expect(tenantId, version),
    takeBeat: () => void (heardAt = clock().getTime()),
    silenceSeconds,
    size: () => [...sizes.values()].reduce((sum, held) => [...held.values()].reduce((a, b) => a + b, sum), 0),
    async catchUp() {
      await Promise.allSettled([
        ...laggards.due().map(load),
        ...unverified.splice(0).map((one) => takeRevocation(...one)),
      ]);
    },
  };
}

/** A revocation as it is announced; undefined where its record lacks what its kind needs. */
export function revocationOf({ kind, id, tenantId, epoch, version }: Revoked): Revocation | undefined {
  switch (kind) {
    case 'user':
      return epoch === undefined ? undefined : { kind, id, epoch };
    case 'member':
      return version === undefined ? undefined : { kind, id, tenantId, version };
    case 'tenant':
      return version === undefined ? undefined : { kind, id, version };
    default:
      return { kind, id };
  }
}
