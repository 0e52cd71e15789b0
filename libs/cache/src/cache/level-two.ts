import type { RedisConnection } from '../redis/redis-connection.ts';
import { RedisAwayError } from '../redis/redis-away.ts';
import type { CacheKey, CacheTag } from './contract.ts';
import type { redisNames } from './keys.ts';
import { createMissedDeletes } from './missed-deletes.ts';
import { deleteValue, raiseTagFloor, readValues, writeValue } from './scripts.ts';
import { headBytesMax, parseStored, storedBody, valueBytesMax } from './stored.ts';

/** What Redis knew of one key. */
export type Found =
  | { kind: 'value'; json: string | undefined; version: number | undefined; leftMs: number }
  | { kind: 'none' | 'invalid' };

export interface ReadAnswer {
  found: Found[];
  /** Time of Redis in microseconds, from which a load that begins now is counted. */
  time: number;
}

export interface WriteRequest {
  key: CacheKey;
  json: string | undefined;
  version: number | undefined;
  tags: readonly string[];
  /** Time of Redis when the load began; undefined for a value that is true now. */
  time: number | undefined;
  lifeMs: number;
}

/** The part of one cache that lies in Redis. */
export interface LevelTwo {
  /** Undefined while Redis is not to be asked, or did not answer. */
  read(keys: readonly CacheKey[]): Promise<ReadAnswer | undefined>;
  /** False where something newer is there or a delete came in between; undefined where Redis did not answer. */
  write(request: WriteRequest): Promise<boolean | undefined>;
  delete(key: CacheKey, version: number | undefined): Promise<void>;
  /** Removes what cannot be read; a failure is nobody's concern. */
  discard(key: CacheKey): Promise<void>;
  deleteByTag(tag: CacheTag): Promise<void>;
}

const floorMs = 30_000;
const membersAtOnce = 500;
const noMembers: readonly string[] = [];

export function createLevelTwo(options: {
  redis: RedisConnection;
  names: ReturnType<typeof redisNames>;
  /** Longest life of a value. */
  lifeMaxMs: number;
  now: () => number;
}): LevelTwo {
  const { redis, names } = options;
  const missed = createMissedDeletes(options);

  async function forget({ scope, tag }: CacheTag): Promise<void> {
    await redis.script(raiseTagFloor, [names.tagFloor(scope, tag)], [floorMs]);
    const members = names.tagged(scope, tag);
    for (;;) {
      const taken = await redis.run((client) => client.spop(members, membersAtOnce)).catch(foreignType(noMembers));
      if (taken.length === 0) return;
      await redis.run((client) => client.unlink(...taken));
    }
  }

  async function remove(key: CacheKey, version: number | undefined): Promise<void> {
    const value = names.value(key);
    try {
      await redis.script(deleteValue, [value, names.floor(key)], [version ?? '-', floorMs]);
    } catch (error) {
      if (error instanceof RedisAwayError) throw error;
      // A server out of memory takes no floor; it still forgets.
      await redis.run((client) => client.unlink(value));
    }
  }

  return {
    async read(keys) {
      if (!missed.caughtUp()) return undefined;
      try {
        const answer = (await redis.script(readValues, keys.map(names.value), [valueBytesMax + headBytesMax])) as (
          string | number
        )[];
        const found = keys.map((_key, index) => judge(answer[1 + index * 2], Number(answer[2 + index * 2])));
        return { found, time: Number(answer[0]) };
      } catch {
        return undefined;
      }
    },
    async write({ key, json, version, tags, time, lifeMs }) {
      if (!missed.caughtUp()) return undefined;
      const value = names.value(key);
      const ofTags = tags.flatMap((tag) => [names.tagFloor(key.scope, tag), names.tagged(key.scope, tag)]);
      const values = [version ?? '-', time ?? '-', Math.ceil(lifeMs), storedBody(json), value];
      try {
        return (await redis.script(writeValue, [value, names.floor(key), ...ofTags], values)) === 1;
      } catch {
        return undefined;
      }
    },
    discard: (key) => redis.run((client) => client.unlink(names.value(key))).then(ignore, ignore),
    // Repeated without a version: several deletes of one key may have been missed.
    delete: (key, version) =>
      missed.attempt(
        names.value(key),
        () => remove(key, version),
        () => remove(key, undefined),
      ),
    deleteByTag: (tag) =>
      missed.attempt(
        names.tagged(tag.scope, tag.tag),
        () => forget(tag),
        () => forget(tag),
      ),
  };
}

const ignore = (): void => undefined;

function judge(text: string | number | undefined, leftMs: number): Found {
  if (text === '') return { kind: 'none' };
  // Values written here always end some time.
  const stored = typeof text === 'string' && leftMs > 0 ? parseStored(text) : undefined;
  if (stored === undefined) return { kind: leftMs === 0 ? 'none' : 'invalid' };
  return { kind: 'value', ...stored, leftMs };
}

/** A key of another type than ours is nothing to read. */
function foreignType<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return instead;
    throw error;
  };
}
