import type pg from 'pg';
import { tenantId } from './stage.ts';

/** A transaction as most programs write it: each statement is awaited before the next is sent. */
export async function sequential<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  mode: 'read only' | 'read write' = 'read write',
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(`begin ${mode}`);
    await client.query(setTenant);
    const value = await work(client);
    await client.query('commit');
    return value;
  } finally {
    client.release();
  }
}

const setTenant = { name: 'tenant', text: `select set_config('app.tenant_id', $1, true)`, values: [tenantId] };
