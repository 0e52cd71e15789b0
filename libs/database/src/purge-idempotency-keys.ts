import { sql } from 'kysely';
import type { Database } from './contract.ts';
import { platformDoor } from './database.ts';

/** Rows deleted in one transaction. */
const chunk = 10_000;

/** Deletes stored answers of all tenants that are kept no longer. Resolves with their number. */
export async function purgeIdempotencyKeys<DB>(
  database: Database<DB>,
  { signal }: { signal: AbortSignal },
): Promise<number> {
  const door = platformDoor(database);
  let all = 0;
  let gone: number;
  do {
    signal.throwIfAborted();
    gone = await door.transaction(
      async (tx) => {
        const { numAffectedRows } = await sql`
          delete from idempotency_keys where (tenant_id, principal, route, key) in (
            select tenant_id, principal, route, key from idempotency_keys where expires_at < now() limit ${chunk})`.execute(
          tx.db,
        );
        return Number(numAffectedRows ?? 0n);
      },
      { signal },
    );
    all += gone;
  } while (gone === chunk);
  return all;
}
