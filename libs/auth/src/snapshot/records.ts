import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { canonicalJson, type AccessHead, type SealedShard } from './seal-shards.ts';
import { isGenuine, signText, type SignedText, type TextSigner, type VerificationKeys } from './signed.ts';

/** Texts above this many characters travel compressed. */
const plainTextMax = 32 * 1024;
/** No shard is longer than this, in bytes. */
const shardBytesMax = 64 * 1024 * 1024;

/** A shard as it travels: one of the two texts is empty. */
export interface ShardMessage {
  name: string;
  version: bigint;
  text: string;
  gzipText: Uint8Array;
}

/** Aggregate id of a tenant's head on the bus; a shard's is its name. */
export const headKey = 'head';

export function shardMessage({ name, version, text }: SealedShard): ShardMessage {
  const long = text.length > plainTextMax;
  return {
    name,
    version: BigInt(version),
    text: long ? '' : text,
    gzipText: long ? gzipSync(text, { level: 6 }) : new Uint8Array(),
  };
}

/** The shard of a message; undefined where its text cannot be read. */
export function readShardMessage({ name, version, text, gzipText }: ShardMessage): SealedShard | undefined {
  try {
    const long = gzipText.byteLength > 0;
    const whole = long ? gunzipSync(gzipText, { maxOutputLength: shardBytesMax }).toString('utf8') : text;
    return { name, version: Number(version), text: whole };
  } catch {
    return undefined;
  }
}

const headShape = z.strictObject({
  tenantId: z.uuid(),
  version: z.int().min(0),
  shards: z.record(z.string(), z.strictObject({ version: z.int(), sha256: z.string() })),
});

export function signHead(head: AccessHead, signer: TextSigner): SignedText {
  return signText(canonicalJson(head), signer);
}

/** The head of a record; undefined where it is not genuine, or speaks of another tenant. */
export function readHead(
  tenantId: string,
  { payload, kid, signature }: SignedText,
  keys: VerificationKeys,
): AccessHead | undefined {
  const head = read(headShape, { payload, kid, signature }, keys);
  return head?.tenantId === tenantId ? head : undefined;
}

const revokedShape = z.strictObject({
  /** When, in milliseconds since the epoch; nothing is compared with it. */
  at: z.int(),
  /**
   * `user` refuses tokens with a lower epoch; `member` (id of the user) and `tenant` those of the tenant with a lower access
   * version; the others by their id.
   */
  kind: z.enum(['user', 'member', 'tenant', 'session', 'api-key', 'client', 'kid']),
  id: z.string(),
  tenantId: z.uuid(),
  epoch: z.int().optional(),
  version: z.int().optional(),
});

/** Something that must not be accepted any more. */
export type Revoked = z.output<typeof revokedShape>;

export function signRevoked(revoked: Revoked, signer: TextSigner): SignedText {
  return signText(canonicalJson(revoked), signer);
}

/** What a record revokes; undefined where it is not genuine, or speaks of another tenant. */
export function readRevoked(
  tenantId: string,
  { payload, kid, signature }: SignedText,
  keys: VerificationKeys,
): Revoked | undefined {
  const revoked = read(revokedShape, { payload, kid, signature }, keys);
  return revoked?.tenantId === tenantId ? revoked : undefined;
}

/** What is signed by us may still be a record of another kind. */
function read<T>(shape: z.ZodType<T>, record: SignedText, keys: VerificationKeys): T | undefined {
  if (!isGenuine(record, keys)) return undefined;
  const parsed = shape.safeParse(JSON.parse(record.payload));
  return parsed.success ? parsed.data : undefined;
}
