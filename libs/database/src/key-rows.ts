import { sql } from 'kysely';
import type { KeyRow, KeyRowStore, KeyState } from '@idp/secrets';
import type { Database, Tx } from './contract.ts';
import { sideDoor } from './database.ts';

interface StoredRow {
  tenant_id: string;
  id: string;
  kek_id: string;
  wrapped: Buffer;
  state: KeyState;
  seals: number;
  created_at: string;
}

const columns = sql`tenant_id, id, kek_id, wrapped, state, seals, created_at`;
const unaudited = 'data keys are bookkeeping of libs/secrets';

/**
 * Data keys of `@idp/secrets` in the table `secret_keys` of the service. Uses connections of its own, so that a value
 * may be sealed or opened inside a transaction.
 */
export function createKeyRowStore<DB>(database: Database<DB>): KeyRowStore {
  const one = async (tenantId: string, select: ReturnType<typeof sql<StoredRow>>): Promise<KeyRow | undefined> =>
    sideDoor(database, tenantId).read(async (tx) => keyRow((await select.execute(tx.db)).rows[0]));
  return {
    activeKey: (tenantId) => one(tenantId, selectActive(tenantId)),
    getKey: (tenantId, id) =>
      one(tenantId, sql`select ${columns} from secret_keys where tenant_id = ${tenantId} and id = ${id}`),
    oldestKey: (tenantId) =>
      one(
        tenantId,
        sql`select ${columns} from secret_keys where tenant_id = ${tenantId} and state <> 'destroyed'
          order by created_at, id limit 1`,
      ),
    insertKey: (row, options = {}) =>
      sideDoor(database, row.tenantId).write((tx) => insertKey(tx, row, options.replaces), { unaudited }),
    countSeals: (tenantId, id, seals) =>
      sideDoor(database, tenantId).write(
        async (tx) => {
          const { rows } = await sql<{ seals: number }>`update secret_keys set seals = seals + ${seals}
            where tenant_id = ${tenantId} and id = ${id} returning seals`.execute(tx.db);
          const row = rows[0];
          if (row === undefined) throw new Error('the data key to count for does not exist');
          return row.seals;
        },
        { unaudited },
      ),
    destroyKeys: (tenantId) =>
      sideDoor(database, tenantId).write(
        async (tx) => {
          await sql`update secret_keys set state = 'destroyed', wrapped = '', destroyed_at = now()
            where tenant_id = ${tenantId} and state <> 'destroyed'`.execute(tx.db);
        },
        { unaudited },
      ),
  };
}

async function insertKey<DB>(
  tx: Tx<DB>,
  row: Parameters<KeyRowStore['insertKey']>[0],
  replaces: string | undefined,
): Promise<KeyRow> {
  if (replaces !== undefined) {
    await sql`update secret_keys set state = 'retired'
      where tenant_id = ${row.tenantId} and id = ${replaces} and state = 'active'`.execute(tx.db);
  }
  await sql`insert into secret_keys (tenant_id, id, kek_id, wrapped)
    values (${row.tenantId}, ${row.id}, ${row.kekId}, ${row.wrapped}) on conflict do nothing`.execute(tx.db);
  // A statement of its own: its snapshot sees the row of a faster process, which the insert waited for.
  const active = keyRow((await selectActive(row.tenantId).execute(tx.db)).rows[0]);
  if (active === undefined) throw new Error('no data key is active after one was inserted');
  return active;
}

function selectActive(tenantId: string) {
  return sql<StoredRow>`select ${columns} from secret_keys where tenant_id = ${tenantId} and state = 'active'`;
}

function keyRow(row: StoredRow | undefined): KeyRow | undefined {
  if (row === undefined) return undefined;
  const { tenant_id: tenantId, id, kek_id: kekId, wrapped, state, seals, created_at: createdAt } = row;
  return { tenantId, id, kekId, wrapped, state, seals, createdAt: new Date(createdAt) };
}
