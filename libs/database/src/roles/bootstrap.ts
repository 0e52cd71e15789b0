import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isSqlError } from '../wire/errors.ts';
import { bootstrapSql } from './bootstrap-sql.ts';
import { defaultRolePrefix, serviceRoles } from './names.ts';
import { scramVerifier } from './passwords.ts';

export interface BootstrapOptions {
  /** Login that may create roles and schemas. */
  adminUrl: string;
  services: readonly string[];
  /** Default `idp_`. */
  prefix?: string;
  /** Password of a login role by its name; see `derivePassword`. */
  passwords: (role: string) => string;
}

const lockKey = `hashtextextended('idp bootstrap', 0)`;
const triesMax = 5;

/** Creates what is missing of roles, schemas and settings, and sets the passwords of the login roles. Idempotent. */
export async function bootstrapRoles({
  adminUrl,
  services,
  prefix = defaultRolePrefix,
  passwords,
}: BootstrapOptions): Promise<void> {
  const statements = await Promise.all(
    services.flatMap((service) => {
      const { app, relay } = serviceRoles(service, prefix);
      return [app, relay].map(
        async (role) => `alter role ${role} login password '${await scramVerifier(passwords(role))}';`,
      );
    }),
  );
  const text = `begin; set local lock_timeout = '30s'; select pg_advisory_xact_lock(${lockKey});
${bootstrapSql({ services, prefix })}
${statements.join('\n')}
commit;`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runAlone(adminUrl, text);
    } catch (error) {
      // Roles belong to the whole server: a bootstrap of another database may touch the same catalog row.
      if (attempt === triesMax || !isSqlError(error) || !/concurrently/.test(error.message)) throw error;
      await sleep(50 * attempt);
    }
  }
}

async function runAlone(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, statement_timeout: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
