import { createTelemetry } from '@idp/telemetry';
import { secretsMigrations } from '@idp/secrets';
import { emptyDatabase } from '@idp/testing';
import { newId } from '@idp/contracts';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import pg from 'pg';
import {
  bootstrapRoles,
  createDatabase,
  databaseMigrations,
  derivePassword,
  migrate,
  serviceRoles,
  type Database,
  type DatabaseOptions,
  type ServiceRoles,
  type Tx,
} from '../src/index.ts';

/** Tables of the probe service. */
export interface ProbeTables {
  things: {
    tenant_id: Generated<string>;
    id: string;
    name: string;
    parent_id: string | null;
    rank: Generated<number>;
    note: ColumnType<unknown, string | null | undefined, string | null>;
    version: Generated<number>;
    created_at: Generated<string>;
  };
  people: { id: string; email: string };
  queue: { seq: GeneratedAlways<number>; tenant_id: Generated<string>; payload: ColumnType<unknown, string, string> };
  audit_log: { tenant_id: string; id: string; action: string; before: unknown; after: unknown; actor: string };
}

export const tenantA = '00000000-0000-7000-8000-00000000000a';
export const tenantB = '00000000-0000-7000-8000-00000000000b';
export const service = 'probe';
export const probeMigrations = { component: service, directory: new URL('./migrations/', import.meta.url) };
export const sources = [databaseMigrations, secretsMigrations, probeMigrations];

const key = Buffer.alloc(32, 7);
export const passwordOf = (role: string): string => derivePassword(key, role);

/** A migrated database of one test file. */
export interface Probe extends AsyncDisposable {
  adminUrl: string;
  prefix: string;
  roles: ServiceRoles;
  appUrl: string;
  relayUrl: string;
  /** As superuser, who sees through row security. */
  admin: pg.Pool;
  /** Another database object on the same tables; disposed with the probe. */
  open(options?: Partial<DatabaseOptions>): Database<ProbeTables>;
}

export function urlWith(adminUrl: string, role: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = passwordOf(role);
  return url.href;
}

export async function startProbe(): Promise<Probe> {
  const { adminUrl, prefix, [Symbol.asyncDispose]: drop } = await emptyDatabase();
  await bootstrapRoles({ adminUrl, services: [service], prefix, passwords: passwordOf });
  await migrate({ url: adminUrl, service, prefix, sources });
  const roles = serviceRoles(service, prefix);
  const admin = new pg.Pool({ connectionString: adminUrl, max: 2, options: `-c search_path=${roles.schema}` });
  admin.on('error', () => undefined);
  const appUrl = urlWith(adminUrl, roles.app);
  const relayUrl = urlWith(adminUrl, roles.relay);
  const opened: AsyncDisposable[] = [];
  return {
    adminUrl,
    prefix,
    roles,
    appUrl,
    relayUrl,
    admin,
    open(options = {}) {
      const { metrics, logger } = createTelemetry({ service, version: 'test', level: 'fatal' });
      const database = createDatabase<ProbeTables>({
        service,
        url: appUrl,
        relayUrl,
        globalTables: true,
        cursorKey: key,
        constraints: {
          things_name_unique: 'name',
          things_rank_check: 'rank',
          things_tenant_id_parent_id_fkey: 'parentId',
        },
        metrics,
        logger,
        environment: 'test',
        ...options,
      });
      opened.push(database);
      return database;
    },
    async [Symbol.asyncDispose]() {
      for (const database of opened) await database[Symbol.asyncDispose]();
      await admin.end();
      await drop();
    },
  };
}

/** Adds a thing with its audit row and answers its id. */
export async function addThing(
  tx: Tx<ProbeTables>,
  name: string,
  more: { rank?: number; parentId?: string } = {},
): Promise<string> {
  const id = newId();
  await tx.db
    .insertInto('things')
    .values({ id, name, rank: more.rank ?? 0, parent_id: more.parentId ?? null })
    .execute();
  tx.audit({ action: 'probe:thing:create', resourceType: 'thing', resourceId: id, after: { name } });
  return id;
}

export function countThings(probe: Probe, where = 'true'): Promise<number> {
  return probe.admin
    .query<{ count: number }>(`select count(*)::int4 as count from things where ${where}`)
    .then(({ rows }) => rows[0]?.count ?? 0);
}
