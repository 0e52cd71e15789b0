import { sql } from 'kysely';
import { PreconditionError, ValidationError } from '@idp/errors';
import type { Tx } from './contract.ts';

const tableName = /^[a-z_][a-z0-9_]*$/;

/**
 * Locks rows of the tenant by `id` in sorted order, so that two callers never wait for each other in a ring.
 * Returns the ids that exist.
 */
export async function lockIds<DB>(
  tx: Pick<Tx<DB>, 'db' | 'tenantId'>,
  table: string,
  ids: readonly string[],
): Promise<string[]> {
  if (!tableName.test(table)) throw new TypeError(`not a table: ${table}`);
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where tenant_id = ${tx.tenantId} and id = any(${[...new Set(ids)].sort()}::uuid[])
    order by id for update`.execute(tx.db);
  return rows.map((row) => row.id);
}

/** Entity tag of a version: `"3"`. */
export function etag(version: number): string {
  return `"${version}"`;
}

const tagList = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/**
 * Checks `If-Match` against the version in hand (RFC 9110 §13.1.1): absent and `*` pass, a list passes when it holds the
 * tag; weak tags never match. PreconditionError on a mismatch, ValidationError on a malformed header.
 */
export function ifMatch(header: string | undefined, version: number): void {
  if (header === undefined || header.trim() === '*') return;
  if (!tagList.test(header)) {
    throw new ValidationError('If-Match is malformed.', {
      issues: [{ path: 'headers.if-match', message: 'quoted entity tags, or *' }],
    });
  }
  const tags: string[] = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  if (!tags.includes(etag(version))) throw new PreconditionError('The resource has changed since it was read.');
}
