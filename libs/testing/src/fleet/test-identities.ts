import { webcrypto } from 'node:crypto';
import { signAccessToken, type PermissionManifest, type PlatformPorts, type SystemRole } from '@idp/auth';
import { newId } from '@idp/contracts';
import { createTestAccess, type TestAccess, type TestScope } from './test-access.ts';

export interface TestPerson {
  readonly id: string;
  readonly token: string;
}

/** A tenant with one person in every role. */
export interface SignedTenant extends Record<'owner' | 'admin' | 'member' | 'viewer', TestPerson> {
  readonly id: string;
}

/** What auth provides to one service under test: a signing key, and the role of everyone it ever made a token for. */
export interface TestIdentities {
  readonly ports: PlatformPorts;
  /** A new person in this tenant, with a token, bounded by `scope` where given. */
  person(tenantId: string, role: SystemRole, scope?: string): Promise<TestPerson>;
  /** A new person who holds the role in a part of this tenant. */
  personIn(tenantId: string, role: SystemRole, part: TestScope): Promise<TestPerson>;
  place: TestAccess['place'];
  tenant(): Promise<SignedTenant>;
}

export async function createTestIdentities(
  publicUrl: string,
  manifests: readonly PermissionManifest[],
): Promise<TestIdentities> {
  const keys = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const jwk = await webcrypto.subtle.exportKey('jwk', keys.publicKey);
  const access = createTestAccess(manifests);

  async function person(tenantId: string, role: SystemRole, scope?: string, part?: TestScope): Promise<TestPerson> {
    const id = newId();
    access.grant(tenantId, id, role, part);
    const now = Math.floor(Date.now() / 1000);
    const who = { iss: publicUrl, aud: `${publicUrl}/api`, sub: id, sty: 'user' as const, tid: tenantId };
    const session = { sid: newId(), jti: newId(), iat: now, exp: now + 900, auth_time: now };
    const token = await signAccessToken(
      { kid: 'test', alg: 'EdDSA', privateKey: keys.privateKey },
      { ...who, ...session, amr: ['pwd'], acr: 'idp:aal1', pv: 0, ep: 0, ...(scope === undefined ? {} : { scope }) },
    );
    return { id, token };
  }

  return {
    ports: {
      jwks: {
        keys: async () => [{ kty: 'OKP', crv: 'Ed25519', x: jwk.x ?? '', kid: 'test', alg: 'EdDSA', use: 'sig' }],
      },
      access: access.port,
      apiKeys: { verify: async () => undefined, report: async () => undefined },
    },
    person,
    personIn: (tenantId, role, part) => person(tenantId, role, undefined, part),
    place: (tenantId, rows) => access.place(tenantId, rows),
    async tenant() {
      const id = newId();
      const [owner, admin, member, viewer] = await Promise.all([
        person(id, 'tenant-owner'),
        person(id, 'tenant-admin'),
        person(id, 'member'),
        person(id, 'viewer'),
      ]);
      return { id, owner, admin, member, viewer };
    },
  };
}
