import { Writable } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, exportJWK } from 'jose';
import {
  createAccess,
  createCredentialVerifier,
  createTokenVerifier,
  signAccessToken,
  type PermissionManifest,
  type PlatformPorts,
} from '@idp/auth';
import { createLimiter, createMemoryLimits } from '@idp/cache';
import { createTelemetry, type Telemetry } from '@idp/telemetry';
import { createTestAccess } from '@idp/testing';
import { createHttpApp, type HttpAppParts } from '../src/http/app.ts';
import { demo, demoWithTopics } from './demo-service.ts';
import type { RoutePlugin } from '../src/index.ts';

export const publicUrl = 'http://idp.test';
export const tenantA = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
export const userA = '0192a3b4-5c6d-7e8f-9a0b-0000000000aa';

const manifest: PermissionManifest = {
  'demo:thing:read': { description: 'read things', resource: 'thing', role: 'viewer' },
  'demo:thing:create': { description: 'make things', resource: 'thing', role: 'member' },
};

/** A service's HTTP side on a real port, with the real token verifier and access decision. */
export interface Kernel extends AsyncDisposable {
  app: Awaited<ReturnType<typeof createHttpApp>>;
  origin: string;
  port: number;
  telemetry: Telemetry;
  /** Lines of the log, parsed. */
  logs: Record<string, unknown>[];
  tokenOf(role: 'viewer' | 'member', claims?: Record<string, unknown>): Promise<string>;
}

const key = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
const jwk = { ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
const users = { viewer: userA.replace('aa', 'ab'), member: userA };
/** Two people who are in every tenant. */
export const testAccess = createTestAccess([manifest, demo.permissions, demoWithTopics.permissions], {
  [users.member]: 'member',
  [users.viewer]: 'viewer',
});
/** Where keys and rights come from: one key, two users, who are in every tenant. */
export const testPorts: PlatformPorts = {
  jwks: { keys: async () => [jwk] },
  access: testAccess.port,
  apiKeys: { verify: async () => undefined, report: async () => undefined },
};

export async function startKernel(routes: RoutePlugin[], overrides: Partial<HttpAppParts> = {}): Promise<Kernel> {
  const logs: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      for (const line of String(chunk).trim().split('\n')) logs.push(JSON.parse(line));
      done();
    },
  });
  const telemetry = createTelemetry({ service: 'demo', version: '1.2.3', level: 'info', destination });
  const app = await createHttpApp({
    description: { title: 'demo', description: 'demo service', version: '1.2.3', serverUrl: publicUrl },
    routes,
    manifest,
    verifier: createCredentialVerifier({ issuer: publicUrl, audience: `${publicUrl}/api`, ports: testPorts }),
    serviceVerifier: createTokenVerifier({ issuer: publicUrl, audience: 'idp:demo', jwks: testPorts.jwks }),
    access: createAccess({ port: testPorts.access, manifest, clock: () => new Date() }),
    limiter: createLimiter({ store: createMemoryLimits(), metrics: telemetry.metrics }),
    logger: telemetry.logger,
    metrics: telemetry.metrics,
    publicUrl,
    publicHosts: ['api.test', 'api.test:8443'],
    trustedProxies: [],
    deadlineMs: 15_000,
    bodyLimit: 1024 * 1024,
    environment: 'test',
    clock: () => new Date(),
    ...overrides,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    app,
    port,
    origin: `http://127.0.0.1:${port}`,
    telemetry,
    logs,
    tokenOf,
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

export async function tokenOf(role: 'viewer' | 'member', claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const base = {
    iss: publicUrl,
    aud: `${publicUrl}/api`,
    sub: users[role],
    sty: 'user' as const,
    tid: tenantA,
    sid: '0192a3b4-5c6d-7e8f-9a0b-0000000000ee',
    jti: `t-${role}`,
    iat: now,
    exp: now + 900,
    auth_time: now,
    amr: ['pwd'],
    acr: 'idp:aal1' as const,
    pv: 1,
    ep: 0,
  };
  return signAccessToken({ kid: 'k1', alg: 'EdDSA', privateKey: key.privateKey }, { ...base, ...claims });
}
