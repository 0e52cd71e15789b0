import { createIntern, readShard } from './read-shard.ts';
import { digestOf, type AccessHead, type SealedShard, type ShardVersion } from './seal-shards.ts';
import { kindOfShard } from './shard-names.ts';
import { joinShards, type LoadedShard, type TenantParts } from './tenant-parts.ts';

/** Why a record was not taken: its content is not what the head says, it is older than what is known, or it is no such record. */
export type RejectReason = 'digest' | 'version' | 'malformed';

/** Versions of one shard kept while no head names them. */
const versionsMax = 16;
/** Heads kept while shards of theirs are missing. */
const headsMax = 16;

export interface ActiveTenant {
  head: AccessHead;
  shards: ReadonlyMap<string, LoadedShard>;
  parts: TenantParts;
}

interface HeldShard {
  version: number;
  sha256: string;
  text: string;
}

/** What has arrived of one tenant: the newest complete head, newer heads that wait, shards no head has used yet. */
export interface TenantState {
  readonly active: ActiveTenant | undefined;
  /** Takes a shard; answers true where the active head has changed by it. */
  takeShard(shard: SealedShard): boolean;
  takeHead(head: AccessHead): boolean;
  /** Shards that the newest head waits for. */
  missing(): { version: number; shards: string[] } | undefined;
}

export function createTenantState(
  tenantId: string,
  reject: (reason: RejectReason, shard?: string) => void,
): TenantState {
  const intern = createIntern();
  const held = new Map<string, HeldShard[]>();
  /** Newest first. */
  let waiting: AccessHead[] = [];
  let active: ActiveTenant | undefined;

  function isHere(name: string, named: ShardVersion): boolean {
    if (active?.head.shards[name]?.sha256 === named.sha256) return true;
    return held.get(name)?.some(({ sha256 }) => sha256 === named.sha256) === true;
  }

  /** A held shard that claims to be what a head names and is not. */
  function dropForged(head: AccessHead): void {
    for (const [name, named] of Object.entries(head.shards)) {
      const shards = held.get(name);
      if (shards === undefined) continue;
      const real = shards.filter(({ version, sha256 }) => version !== named.version || sha256 === named.sha256);
      if (real.length < shards.length) reject('digest', name);
      held.set(name, real);
    }
  }

  function dropUsed(head: AccessHead): void {
    waiting = waiting.filter(({ version }) => version > head.version);
    for (const [name, shards] of held) {
      const later = shards.filter(({ version }) => version > head.version);
      if (later.length === 0) held.delete(name);
      else held.set(name, later);
    }
  }

  function load(head: AccessHead): ReadonlyMap<string, LoadedShard> {
    const shards = new Map<string, LoadedShard>();
    for (const [name, { sha256 }] of Object.entries(head.shards)) {
      const same = active?.head.shards[name]?.sha256 === sha256 ? active.shards.get(name) : undefined;
      const text = held.get(name)?.find((shard) => shard.sha256 === sha256)?.text;
      shards.set(name, same ?? readShard(kindOfShard(name)!.kind, text!, intern));
    }
    return shards;
  }

  /** The newest head whose shards are all here becomes the active one. */
  function advance(): boolean {
    for (const head of waiting) {
      if (!Object.entries(head.shards).every(([name, named]) => isHere(name, named))) continue;
      try {
        const shards = load(head);
        active = { head, shards, parts: joinShards(tenantId, shards, active) };
      } catch {
        reject('malformed');
        waiting = waiting.filter((other) => other !== head);
        continue;
      }
      dropUsed(head);
      return true;
    }
    return false;
  }

  return {
    get active() {
      return active;
    },
    takeShard({ name, version, text }) {
      if (kindOfShard(name) === undefined || !Number.isSafeInteger(version)) {
        reject('malformed', name);
        return false;
      }
      const sha256 = digestOf(text);
      if (active !== undefined && version <= active.head.version) {
        const known = active.head.shards[name];
        if (known?.sha256 !== sha256) reject(known?.version === version ? 'digest' : 'version', name);
        return false;
      }
      if (waiting.some(({ shards }) => shards[name]?.version === version && shards[name].sha256 !== sha256)) {
        reject('digest', name);
        return false;
      }
      // Content that is active may come back in a later version, after one that differs: it is kept for that head, too.
      const others = (held.get(name) ?? []).filter((shard) => shard.version !== version || shard.sha256 !== sha256);
      const all = [...others, { version, sha256, text }].toSorted((a, b) => b.version - a.version);
      held.set(name, all.slice(0, versionsMax));
      return advance();
    },
    takeHead(head) {
      if (!isHead(head, tenantId)) {
        reject('malformed');
        return false;
      }
      if (active !== undefined && head.version <= active.head.version) {
        if (head.version < active.head.version) reject('version');
        return false;
      }
      if (waiting.some(({ version }) => version === head.version)) return false;
      waiting = [...waiting, head].toSorted((a, b) => b.version - a.version).slice(0, headsMax);
      dropForged(head);
      return advance();
    },
    missing() {
      const [newest] = waiting;
      if (newest === undefined) return undefined;
      const shards = Object.entries(newest.shards).filter(([name, named]) => !isHere(name, named));
      return { version: newest.version, shards: shards.map(([name]) => name) };
    },
  };
}

function isHead(head: AccessHead, tenantId: string): boolean {
  if (head.tenantId !== tenantId || !Number.isSafeInteger(head.version) || head.version < 0) return false;
  if (!Object.hasOwn(head.shards, 'tenant')) return false;
  return Object.entries(head.shards).every(
    ([name, { version, sha256 }]) =>
      kindOfShard(name) !== undefined &&
      Number.isSafeInteger(version) &&
      version <= head.version &&
      sha256.length === 64,
  );
}
