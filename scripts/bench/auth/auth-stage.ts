import { randomBytes } from 'node:crypto';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiKeySecretHash, formatApiKey, makeApiKey, readServiceKey, type ServiceKey } from '@idp/auth';
import { createTenant, registerMember } from '@idp/auth-service';
import { newId } from '@idp/contracts';
import { createDatabase, derivePassword, serviceRoles, type Database } from '@idp/database';
import { services } from '@idp/gateway';
import { createTelemetry } from '@idp/telemetry';
import { freePort, prepareDatabase, prepareServiceKeys, startPostgres } from '@idp/tools';
import pg from 'pg';
import { withAuth } from '../../fault/stack/with-auth.ts';
import { openApi, type ApiCaller } from '../driver.ts';
import { startSide } from '../side.ts';

const prefix = 'bench_';
const publicUrl = 'http://localhost:8080';
const cursorSecret = 'a cursor secret of the bench only, 32 bytes';
/** Who signs in; each counts for itself in what limits attempts. */
const people = 50;

export interface Account {
  email: string;
  password: string;
}

interface KeyRow {
  api_keys: { id: string; name: string };
}

/** Auth in a process of its own, as production runs it, with one tenant. */
export interface AuthStage extends AsyncDisposable {
  url: string;
  api: ApiCaller;
  tenantId: string;
  /** Members; the first one owns the tenant. */
  accounts: readonly Account[];
  /** Signs in, as a client does. */
  signIn(account: Account): Promise<{ accessToken: string; refreshToken: string }>;
  /** Texts of new keys of one service account, put into the tables of auth. */
  makeKeys(count: number): Promise<{ id: string; text: string }[]>;
  /** By which a service asks auth about keys. */
  serviceKey: ServiceKey;
  /** Its tables as it uses them itself, from this process. */
  database: Database<KeyRow>;
}

export async function openAuthStage(): Promise<AuthStage> {
  const stack = new AsyncDisposableStack();
  try {
    return await open(stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function open(stack: AsyncDisposableStack): Promise<AuthStage> {
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-auth-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const port = await freePort();
  const server = await startPostgres({ directory, port, settings: { listen_addresses: '127.0.0.1' } });
  stack.defer(() => server.stop());
  const key = randomBytes(32);
  const passwords = (role: string): string => derivePassword(key, role);
  await prepareDatabase({ adminUrl: server.adminUrl, services, prefix, passwords });
  const { app, relay } = serviceRoles('auth', prefix);
  const urlOf = (role: string): string => `postgresql://${role}:${passwords(role)}@127.0.0.1:${port}/postgres`;
  const secretsFile = join(directory, 'kek.json');
  const databaseUrls = { app: urlOf(app), relay: urlOf(relay) };
  const { tenantId, accounts } = await fill({ databaseUrls, secretsFile });
  const keyFiles = await prepareServiceKeys(directory, ['catalog']);
  const httpPort = await freePort();
  const url = `http://127.0.0.1:${httpPort}`;
  stack.use(
    await startSide('auth', new URL('../sides/own-service.ts', import.meta.url).pathname, {
      BENCH_SERVICE: 'auth',
      DATABASE_URL: databaseUrls.app,
      DATABASE_RELAY_URL: databaseUrls.relay,
      PUBLIC_URL: publicUrl,
      CURSOR_SECRET: cursorSecret,
      SECRETS_FILE: secretsFile,
      SERVICE_KEYS_FILE: keyFiles.all,
      HOST: '127.0.0.1',
      PORT: String(httpPort),
      MANAGEMENT_PORT: String(await freePort()),
    }),
  );
  const api = stack.use(openApi(url, 128));
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  stack.defer(() => admin.end());
  const { logger, metrics } = createTelemetry({ service: 'auth', version: 'bench', level: 'silent' });
  const database = createDatabase<KeyRow>({
    service: 'auth',
    url: databaseUrls.app,
    cursorKey: Buffer.alloc(32, 1),
    metrics,
    logger,
    environment: 'production',
  });
  stack.defer(() => database[Symbol.asyncDispose]());
  return {
    url,
    api,
    tenantId,
    accounts,
    signIn: (account) => signIn(api, account),
    makeKeys: async (count) => insertKeys(admin, tenantId, await programOf(api, accounts[0]!, tenantId), count),
    serviceKey: await readServiceKey('catalog', await readFile(keyFiles.of('catalog'), 'utf8')),
    database,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The tenant and its people, by the operations of auth and with the hashes production makes. */
async function fill(settings: { databaseUrls: { app: string; relay: string }; secretsFile: string }) {
  return withAuth({ ...settings, publicUrl, cursorSecret }, async (context) => {
    const reason = 'bench';
    const { tenantId } = await createTenant(context, { slug: 'acme', name: 'Acme', reason });
    const accounts: Account[] = [];
    for (let at = 0; at < people; at += 1) {
      const account = { email: `person-${at}@example.com`, password: randomBytes(18).toString('base64url') };
      const role = at === 0 ? ('tenant-owner' as const) : ('member' as const);
      await registerMember(context, { tenantId, name: `Person ${at}`, role, reason, ...account });
      accounts.push(account);
    }
    return { tenantId, accounts };
  });
}

async function signIn(api: ApiCaller, account: Account) {
  const text = await api.call({ method: 'POST', path: '/api/v1/auth/login', body: account });
  return (JSON.parse(text) as { data: { accessToken: string; refreshToken: string } }).data;
}

async function programOf(api: ApiCaller, owner: Account, tenantId: string): Promise<string> {
  const { accessToken: token } = await signIn(api, owner);
  const body = { name: `bench-${newId()}`, scope: { type: 'tenant', id: tenantId } };
  const text = await api.call({ method: 'POST', path: '/api/v1/auth/service-accounts', token, body });
  return (JSON.parse(text) as { data: { id: string } }).data.id;
}

/** Past the routes: nobody may make thousands in an hour. */
async function insertKeys(admin: pg.Client, tenantId: string, ownerId: string, count: number) {
  const keys = Array.from({ length: count }, () => ({ id: newId(), ...makeApiKey('svc') }));
  const columns = [keys.map(({ id }) => id), keys.map(({ kid }) => kid)];
  const hashes = keys.map(({ secret }) => apiKeySecretHash(secret));
  await admin.query(
    `insert into auth.api_keys (tenant_id, id, kid, name, owner_type, owner_id, scopes, expires_at, secret_hash, secret_start,
       created_by, updated_by)
     select $1, id, kid, 'bench', 'service-account', $2, '{catalog:*}', now() + interval '1 day', secret_hash, 'idp_svc', 'bench', 'bench'
     from unnest($3::uuid[], $4::text[], $5::bytea[]) as k (id, kid, secret_hash)`,
    [tenantId, ownerId, ...columns, hashes],
  );
  await admin.query('insert into auth.api_key_index (kid, tenant_id) select unnest($1::text[]), $2', [
    columns[1],
    tenantId,
  ]);
  await admin.query('vacuum analyze auth.api_keys, auth.api_key_index');
  return keys.map(({ id, ...key }) => ({ id, text: formatApiKey(key) }));
}
