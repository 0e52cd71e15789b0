import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { auth } from '@idp/auth-service';
import { createDatabase, derivePassword, serviceRoles } from '@idp/database';
import { createTelemetry } from '@idp/telemetry';
import { prepareDatabase, startPostgres } from '@idp/tools';
import { sampleKeys } from '../../../services/auth/src/audit/chain-fixtures.ts';
import { sealAuditLog } from '../../../services/auth/src/operations/audit/seal-audit-log.ts';

const prefix = 'bench_';
const tenantId = '0192d6a0-0000-7000-8000-0000000000aa';

/** Auth's schema on a server of its own, with the part of its context that seals. */
export interface AuditStage extends AsyncDisposable {
  /** Puts reports of one tenant where consumers put them. */
  arrive(count: number): Promise<void>;
  /** Seals the next batch; how many rows it had. */
  seal(): Promise<number>;
}

export async function openAuditStage(): Promise<AuditStage> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-audit-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { adminUrl, stop } = await startPostgres({ directory });
  stack.defer(stop);
  const passwords = (role: string): string => derivePassword(Buffer.alloc(32, 1), role);
  await prepareDatabase({ adminUrl, services: [auth], prefix, passwords });
  const { logger, metrics } = createTelemetry({ service: 'auth', version: 'bench', level: 'fatal' });
  const url = new URL(adminUrl);
  url.username = serviceRoles('auth', prefix).app;
  url.password = passwords(url.username);
  // As it runs in production: without what tests look at behind every COMMIT.
  const database = createDatabase<never>({
    service: 'auth',
    url: url.href,
    globalTables: true,
    cursorKey: Buffer.alloc(32, 1),
    metrics,
    logger,
    environment: 'production',
  });
  stack.defer(() => database[Symbol.asyncDispose]());
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  stack.defer(() => admin.end());
  const { signer, keys } = sampleKeys();
  const auditKeys = { signer: async () => signer, verifiers: async () => keys };
  return {
    async arrive(count) {
      await admin.query(
        `insert into auth.audit_arrivals (tenant_id, id, occurred_at, service, actor, action, resource_type, resource_id, outcome,
           before, after, ip, user_agent, session_id, request_id, trace_id)
         select $1, gen_random_uuid(), now(), 'catalog', 'user:' || md5((n % 500)::text)::uuid, 'catalog:service:update', 'service',
           md5((n % 5000)::text)::uuid, 'succeeded', json_build_object('name', 'payments', 'revision', n),
           json_build_object('name', 'payments', 'revision', n + 1), '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64)',
           md5((n % 900)::text)::uuid, gen_random_uuid(), md5(n::text) from generate_series(1, $2::int) n`,
        [tenantId, count],
      );
    },
    async seal() {
      const sealed = await sealAuditLog({ database: database as never, clock: () => new Date(), auditKeys }, tenantId);
      return sealed?.rows ?? 0;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
