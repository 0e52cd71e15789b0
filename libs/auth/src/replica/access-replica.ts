import { platformTenantId } from '@idp/contracts';
import { z } from 'zod';
import type { AccessPort } from '../access-port.ts';
import type { CompileCondition } from '../decision/conditions.ts';
import { createRevocationSignal, type RevocationSource } from '../revocations.ts';
import { createAccessStore } from '../snapshot/access-store.ts';
import type { AccessHead, SealedShard } from '../snapshot/seal-shards.ts';
import type { RejectReason } from '../snapshot/tenant-state.ts';
import type { AccessAuthority, SignedRecord } from './authority.ts';
import { createLaggards } from './laggards.ts';
import { jsonOf, readRevocation } from './revocation-records.ts';
import { createSignatureCheck } from './signatures.ts';

/** Why a record was ignored; `signature`: auth has not signed it. */
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
  takeHead(tenantId: string, head: SignedRecord): Promise<void>;
  takeRevocation(record: SignedRecord & { tenantId: string }): Promise<void>;
  /** The tenant has this version now. */
  takeAdvanced(tenantId: string, version: number): void;
  /** Auth has nothing to say that was not said. */
  takeBeat(): void;
  /** Seconds since auth was heard. */
  silenceSeconds(): number;
  /** Fetches what has been missing for 2 s; to be called every half second. A tenant that cannot be had is tried again later. */
  catchUp(): Promise<void>;
}

/** After that long without a beat, revocations may have been missed. */
const staleSeconds = 10;

const headSchema = z.object({
  tenantId: z.string(),
  version: z.number(),
  shards: z.record(z.string(), z.object({ version: z.number(), sha256: z.string() })),
});

/** Records may arrive in any order and any number of times; what auth has not signed changes nothing. */
export function createAccessReplica(options: AccessReplicaOptions): AccessReplica {
  const { authority, compile, clock, onIgnored, onRevoked } = options;
  const listeners: ((tenantId: string, version: number) => void)[] = [];
  const store = createAccessStore({
    compile,
    ...(onIgnored !== undefined && { onRejected: onIgnored }),
    onAdvanced: (tenantId, version) => listeners.forEach((hear) => hear(tenantId, version)),
  });
  const isSigned = createSignatureCheck({ keys: () => authority.verificationKeys(), clock });
  const laggards = createLaggards({ store, clock });
  const revocations = createRevocationSignal();
  /** Revocations whose key could not be read yet. */
  const unverified: (SignedRecord & { tenantId: string })[] = [];
  let heardAt = clock().getTime();
  const silenceSeconds = (): number => (clock().getTime() - heardAt) / 1000;

  async function takeHead(tenantId: string, record: SignedRecord): Promise<void> {
    const head = headOf(record);
    if (head?.tenantId !== tenantId) {
      onIgnored?.({ tenantId, reason: 'malformed' });
      return;
    }
    try {
      if (await isSigned(record)) store.putHead(head);
      else onIgnored?.({ tenantId, reason: 'signature' });
      laggards.look(tenantId);
    } catch {
      // The keys cannot be read now. What the head says is asked for later, when they can.
      laggards.expect(tenantId, head.version);
    }
  }

  async function loadOne(tenantId: string): Promise<void> {
    const snapshot = await authority.snapshot(tenantId, store.version(tenantId));
    laggards.forget(tenantId);
    if (snapshot === undefined) store.drop(tenantId);
    if (snapshot === undefined || snapshot === 'unchanged') return;
    for (const shard of snapshot.shards) store.putShard(tenantId, shard);
    await takeHead(tenantId, snapshot.head);
  }

  async function takeRevocation({ tenantId, ...record }: SignedRecord & { tenantId: string }): Promise<void> {
    const read = readRevocation(record.payload);
    if (read === undefined) {
      onIgnored?.({ tenantId, reason: 'malformed' });
      return;
    }
    const signed = await isSigned(record).catch(() => undefined);
    if (signed === undefined) {
      unverified.push({ tenantId, ...record });
    } else if (signed) {
      revocations.announce(read.revocation);
      onRevoked?.(Math.max(0, (clock().getTime() - read.at) / 1000));
    } else {
      onIgnored?.({ tenantId, reason: 'signature' });
    }
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
      isStale: () => silenceSeconds() > staleSeconds,
    },
    revocations,
    takeShard(tenantId, shard) {
      store.putShard(tenantId, shard);
      laggards.look(tenantId);
    },
    takeHead,
    takeRevocation,
    takeAdvanced: (tenantId, version) => laggards.expect(tenantId, version),
    takeBeat: () => void (heardAt = clock().getTime()),
    silenceSeconds,
    async catchUp() {
      await Promise.allSettled([...laggards.due().map(load), ...unverified.splice(0).map(takeRevocation)]);
    },
  };
}

function headOf({ payload }: SignedRecord): AccessHead | undefined {
  const parsed = headSchema.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : undefined;
}
