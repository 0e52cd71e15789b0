import pg from 'pg';

/** Runs `fn` with a connection of its own to one database, closed afterwards. */
export async function withConnection<T>(url: string, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}

/** Runs `fn` in a transaction that is always rolled back, as a role and for a tenant. */
export async function attempt<T>(
  client: pg.Client,
  as: { role: string; tenantId?: string },
  fn: () => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    await client.query(`set local role ${pg.escapeIdentifier(as.role)}`);
    await client.query(`select set_config('app.tenant_id', $1, true)`, [as.tenantId ?? '']);
    return await fn();
  } finally {
    await client.query('rollback');
  }
}

/** The SQLSTATE a statement fails with; `none` when it succeeds. */
export async function sqlStateOf(statement: Promise<unknown>): Promise<string> {
  try {
    await statement;
    return 'none';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}
