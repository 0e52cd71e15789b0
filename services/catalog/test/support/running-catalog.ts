import { webcrypto } from 'node:crypto';
import { signAccessToken, type PlatformPorts, type SystemRole } from '@idp/auth';
import { newId } from '@idp/contracts';
import { createWakeSignal } from '@idp/events';
import { startService, type HostResources, type RunningService } from '@idp/service';
import { testDatabase } from '@idp/testing';
import type { CatalogContext } from '../../src/context.ts';
import { catalog } from '../../src/service.ts';

export interface Person {
  readonly id: string;
  readonly token: string;
}

/** A tenant with one person of every role. */
export interface TestTenant extends Record<'owner' | 'admin' | 'member' | 'viewer', Person> {
  readonly id: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The catalog service alone, on a database of its own, reached over HTTP. */
export interface RunningCatalog extends AsyncDisposable {
  readonly url: string;
  readonly service: RunningService;
  readonly context: CatalogContext;
  readonly adminUrl: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  tenant(): Promise<TestTenant>;
  /** A token of this person in this tenant, bounded by a scope. */
  scopedToken(tenantId: string, role: SystemRole, scope: string): Promise<string>;
}

const publicUrl = 'http://localhost:8080';

export interface CatalogOptions {
  readonly env?: Record<string, string>;
  /** Entries of `EGRESS_ALLOW`. */
  readonly egressAllow?: readonly string[];
}

export async function startCatalog({ env = {}, egressAllow = [] }: CatalogOptions = {}): Promise<RunningCatalog> {
  const identities = await createIdentities();
  const database = await testDatabase({ services: [{ name: 'auth' }, catalog] });
  const service = await startService(catalog, {
    mode: 'process',
    publicUrl,
    environment: 'test',
    env: { CATALOG_DIRECTORIES: '', ...env },
    logLevel: 'silent',
    databaseUrls: database.urlsFor('catalog'),
    transportWake: createWakeSignal(),
    ports: identities.ports,
    secretsKeyProvider: noKeys,
    cursorSecret: Buffer.alloc(32, 7),
    egressAllow,
  });
  const url = await service.app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    service,
    context: service.context as CatalogContext,
    adminUrl: database.adminUrl,
    request: (method, path, options) => request(`${url}${path}`, method, options),
    tenant: () => identities.tenant(),
    scopedToken: (tenantId, role, scope) => identities.token(tenantId, role, scope).then(({ token }) => token),
    async [Symbol.asyncDispose]() {
      await service.stop({ deadlineMs: 5000 });
      await database[Symbol.asyncDispose]();
    },
  };
}

async function request(url: string, method: string, options: RequestOptions = {}): Promise<Answer> {
  const { token, body, headers = {} } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The catalog keeps no secrets. */
const noKeys: HostResources['secretsKeyProvider'] = {
  wrap: () => Promise.reject(new Error('no keys')),
  unwrap: () => Promise.reject(new Error('no keys')),
  describe: () => 'none',
  health: async () => true,
};

/** What auth provides: one signing key, and the role of everyone it ever made a token for. */
async function createIdentities() {
  const keys = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const jwk = await webcrypto.subtle.exportKey('jwk', keys.publicKey);
  const roles = new Map<string, SystemRole>();
  const ports: PlatformPorts = {
    jwks: { keys: async () => [{ kty: 'OKP', crv: 'Ed25519', x: jwk.x ?? '', kid: 'test', alg: 'EdDSA', use: 'sig' }] },
    access: {
      async rolesOf({ id, tenantId }) {
        const role = roles.get(`${tenantId} ${id}`);
        return role === undefined ? [] : [role];
      },
    },
  };

  async function token(tenantId: string, role: SystemRole, scope?: string): Promise<Person> {
    const id = newId();
    roles.set(`${tenantId} ${id}`, role);
    const now = Math.floor(Date.now() / 1000);
    const signed = await signAccessToken(
      { kid: 'test', alg: 'EdDSA', privateKey: keys.privateKey },
      {
        iss: publicUrl,
        aud: `${publicUrl}/api`,
        sub: id,
        sty: 'user',
        tid: tenantId,
        sid: newId(),
        jti: newId(),
        iat: now,
        exp: now + 900,
        auth_time: now,
        amr: ['pwd'],
        acr: 'idp:aal1',
        pv: 0,
        ep: 0,
        ...(scope === undefined ? {} : { scope }),
      },
    );
    return { id, token: signed };
  }

  async function tenant(): Promise<TestTenant> {
    const id = newId();
    const [owner, admin, member, viewer] = await Promise.all([
      token(id, 'tenant-owner'),
      token(id, 'tenant-admin'),
      token(id, 'member'),
      token(id, 'viewer'),
    ]);
    return { id, owner, admin, member, viewer };
  }

  return { ports, token, tenant };
}
