import { LRUCache } from 'lru-cache';
import type { CacheKey, CacheTag } from './contract.ts';

/** A value in the memory of this process. */
export interface LocalEntry {
  /** Undefined for "there is none". */
  value: unknown;
  version: number | undefined;
  tags: readonly string[];
  /** When its load began, on this process' monotonic clock. */
  startedAt: number;
  freshUntil: number;
  staleUntil: number;
}

export interface LevelOne {
  get(id: string): LocalEntry | undefined;
  /** Keeps the entry unless something newer is there or it was deleted since its load began. */
  put(key: CacheKey, entry: LocalEntry): void;
  /** Takes this entry out again, where it is still the one. */
  drop(key: CacheKey, entry: LocalEntry): void;
  /** With `version`, what is as new stays. */
  delete(key: CacheKey, version: number | undefined): void;
  deleteByTag(tag: CacheTag): void;
  clear(): void;
}

interface Floor {
  at: number;
  version: number | undefined;
}

const floorMs = 30_000;

/** Least recently used entries of one cache, with floors as in Redis: a slow load cannot put back what was deleted meanwhile. */
export function createLevelOne({ maxEntries, now }: { maxEntries: number; now: () => number }): LevelOne {
  const tagged = new Map<string, Set<string>>();
  const entries = new LRUCache<string, { key: CacheKey; entry: LocalEntry }>({
    max: maxEntries,
    dispose: ({ key, entry }) => untag(key, entry),
  });
  const floors = new LRUCache<string, Floor>({ max: Math.max(1_000, maxEntries) });
  const tagId = (scope: string, tag: string): string => `${scope}#${tag}`;

  function untag({ scope, id }: CacheKey, { tags }: LocalEntry): void {
    for (const tag of tags) {
      const ids = tagged.get(tagId(scope, tag));
      ids?.delete(id);
      if (ids?.size === 0) tagged.delete(tagId(scope, tag));
    }
  }

  function isBelow(floor: Floor | undefined, { version, startedAt }: LocalEntry): boolean {
    if (floor === undefined || now() - floor.at > floorMs) return false;
    if (floor.version !== undefined && version !== undefined) return floor.version > version;
    return floor.at >= startedAt;
  }

  function put(key: CacheKey, entry: LocalEntry): void {
    const kept = entries.peek(key.id)?.entry;
    if (kept?.version !== undefined && entry.version !== undefined && kept.version > entry.version) return;
    if (isBelow(floors.get(key.id), entry)) return;
    if (entry.tags.some((tag) => isBelow(floors.get(tagId(key.scope, tag)), { ...entry, version: undefined }))) return;
    entries.set(key.id, { key, entry });
    for (const tag of entry.tags) {
      const id = tagId(key.scope, tag);
      const ids = tagged.get(id) ?? new Set();
      tagged.set(id, ids.add(key.id));
    }
  }

  return {
    get: (id) => entries.get(id)?.entry,
    put,
    drop(key, entry) {
      if (entries.peek(key.id)?.entry === entry) entries.delete(key.id);
    },
    delete(key, version) {
      const kept = entries.peek(key.id)?.entry.version;
      if (version === undefined || kept === undefined || kept < version) entries.delete(key.id);
      const before = floors.get(key.id)?.version;
      const highest = before !== undefined && (version === undefined || before > version) ? before : version;
      floors.set(key.id, { at: now(), version: highest });
    },
    deleteByTag({ scope, tag }) {
      const id = tagId(scope, tag);
      floors.set(id, { at: now(), version: undefined });
      for (const member of tagged.get(id) ?? []) entries.delete(member);
    },
    clear() {
      entries.clear();
      tagged.clear();
    },
  };
}
