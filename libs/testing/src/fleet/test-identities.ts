import { webcrypto } from 'node:crypto';
import { signAccessToken, type PlatformPorts, type SystemRole } from '@idp/auth';
import { newId } from '@idp/contracts';

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
  tenant(): Promise<SignedTenant>;
}

export async function createTestIdentities(publicUrl: string): Promise<TestIdentities> {
  const keys = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const jwk = await webcrypto.subtle.exportKey('jwk', keys.publicKey);
  const roles = new Map<string, SystemRole>();

  async function person(tenantId: string, role: SystemRole, scope?: string): Promise<TestPerson> {
    const id = newId();
    roles.set(`${tenantId} ${id}`, role);
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
      access: {
        async rolesOf({ id, tenantId }) {
          const role = roles.get(`${tenantId} ${id}`);
          return role === undefined ? [] : [role];
        },
      },
      apiKeys: { verify: async () => undefined, report: async () => undefined },
    },
    person,
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
