import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { ConflictError, UnprocessableError, ValidationError } from '@idp/errors';
import type { Database, Tx, WriteOptions } from './contract.ts';
import { metricsOf } from './database.ts';
import { CommitUnknownError } from './wire/errors.ts';

/** Answers above this many bytes of body are not kept. */
const bodyBytesMax = 64 * 1024;
const keptHours = 24;
const keyForm = /^[\x21-\x7e]{1,255}$/;

/** A mutating request with an `Idempotency-Key`. */
export interface IdempotencyRequest {
  /** 1–255 visible ASCII characters. */
  key: string;
  principal: string;
  /** Operation, e.g. `POST /api/v1/services`. */
  route: string;
  /** SHA-256 of method, path and raw body, hexadecimal. */
  requestHash: string;
  /** Seals stored bodies of routes that answer with a secret; without it bodies are stored as they are. */
  seal?: AnswerSeal;
}

export interface AnswerSeal {
  seal(text: string): Promise<string>;
  open(sealed: string): Promise<string>;
}

/** An answer as it is stored and replayed. */
export interface StoredAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Body as it was sent. */
  body: string;
}

export interface IdempotentResult {
  answer: StoredAnswer;
  replayed: boolean;
}

interface StoredRow {
  request_hash: string;
  status: number;
  headers: Record<string, string>;
  body: string | null;
  sealed: boolean;
}

/**
 * One write transaction that works once per key (data.md §2.7). A second request with the same key gets the stored
 * answer; one that runs at the same time gets 409 `IDEMPOTENCY_IN_PROGRESS`; another request under the key gets 422
 * `IDEMPOTENCY_KEY_REUSED`; an answer too large to keep is replayed as 409 `IDEMPOTENCY_NOT_REPLAYABLE` with `Location`.
 * Errors store nothing. Without a request it is a plain write.
 */
export async function idempotent<DB>(
  database: Database<DB>,
  tenantId: string,
  request: IdempotencyRequest | undefined,
  fn: (tx: Tx<DB>) => Promise<StoredAnswer>,
  options: WriteOptions = {},
): Promise<IdempotentResult> {
  const door = database.tenant(tenantId);
  if (request === undefined) return { answer: await door.write(fn, options), replayed: false };
  if (!keyForm.test(request.key)) throw malformedKey();
  const outcomes = metricsOf(database).idempotency;
  try {
    const result = await door.write((tx) => once(tx, request, fn), options);
    outcomes.inc({ outcome: result.replayed ? 'replayed' : 'worked' });
    return result;
  } catch (error) {
    if (!(error instanceof CommitUnknownError)) {
      outcomes.inc({ outcome: 'refused' });
      throw error;
    }
    // The database knows whether the first attempt happened; a row tells, its absence may still be a commit under way.
    const stored = await door.read((tx) => findStored(tx, request));
    if (stored === undefined) throw error;
    return { answer: await replay(stored, request), replayed: true };
  }
}

async function once<DB>(
  tx: Tx<DB>,
  request: IdempotencyRequest,
  fn: (tx: Tx<DB>) => Promise<StoredAnswer>,
): Promise<IdempotentResult> {
  // Two statements of one write: the second has a snapshot taken after the lock, so it sees what the holder committed.
  const [lock, stored] = await Promise.all([
    sql<{ locked: boolean }>`select pg_try_advisory_xact_lock(${lockNumber(tx, request)}::bigint) as locked`.execute(
      tx.db,
    ),
    findStored(tx, request),
  ]);
  if (lock.rows[0]?.locked !== true) {
    throw new ConflictError('A request with this key is in progress.', {
      code: 'IDEMPOTENCY_IN_PROGRESS',
      retryAfterSeconds: 1,
    });
  }
  if (stored !== undefined) return { answer: await replay(stored, request), replayed: true };
  const answer = await fn(tx);
  tx.withCommit(await storing(tx, request, answer), { unaudited: 'idempotency key' });
  return { answer, replayed: false };
}

async function findStored<DB>(tx: Tx<DB>, request: IdempotencyRequest): Promise<StoredRow | undefined> {
  const { rows } = await sql<StoredRow>`select request_hash, status, headers, body, sealed from idempotency_keys
    where tenant_id = ${tx.tenantId} and principal = ${request.principal} and route = ${request.route}
      and key = ${request.key} and expires_at > now()`.execute(tx.db);
  return rows[0];
}

/** An expired row under the same key is replaced. */
async function storing<DB>(tx: Tx<DB>, request: IdempotencyRequest, answer: StoredAnswer) {
  const fits = Buffer.byteLength(answer.body) <= bodyBytesMax;
  const body = !fits ? null : request.seal === undefined ? answer.body : await request.seal.seal(answer.body);
  const sealed = fits && request.seal !== undefined;
  return sql`insert into idempotency_keys
      (tenant_id, principal, route, key, request_hash, status, headers, body, sealed, expires_at)
    values (${tx.tenantId}, ${request.principal}, ${request.route}, ${request.key}, ${request.requestHash},
      ${answer.status}, ${JSON.stringify(answer.headers)}, ${body}, ${sealed}, now() + ${`${keptHours} hours`}::interval)
    on conflict (tenant_id, principal, route, key) do update set request_hash = excluded.request_hash,
      status = excluded.status, headers = excluded.headers, body = excluded.body, sealed = excluded.sealed,
      created_at = now(), expires_at = excluded.expires_at`;
}

async function replay(stored: StoredRow, request: IdempotencyRequest): Promise<StoredAnswer> {
  if (stored.request_hash !== request.requestHash) {
    throw new UnprocessableError('The key belongs to another request.', { code: 'IDEMPOTENCY_KEY_REUSED' });
  }
  if (stored.body === null) {
    const location = stored.headers.location;
    throw new ConflictError('The first answer was too large to keep.', {
      code: 'IDEMPOTENCY_NOT_REPLAYABLE',
      ...(location === undefined ? {} : { headers: { location } }),
    });
  }
  const body = stored.sealed && request.seal !== undefined ? await request.seal.open(stored.body) : stored.body;
  return { status: stored.status, headers: stored.headers, body };
}

/** 64 bits of a hash: the lock space belongs to the database, so service and tenant are part of it. */
function lockNumber<DB>(tx: Tx<DB>, { principal, route, key }: IdempotencyRequest): string {
  const text = JSON.stringify([tx.service, tx.tenantId, principal, route, key]);
  return createHash('sha256').update(text).digest().readBigInt64BE(0).toString();
}

function malformedKey(): ValidationError {
  return new ValidationError('The idempotency key is malformed.', {
    issues: [{ path: 'headers.idempotency-key', message: '1 to 255 visible ASCII characters' }],
  });
}
