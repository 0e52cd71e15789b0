import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import { UnavailableError } from '@idp/errors';
import { beforeEach, expect, test } from 'vitest';
import { createAccessReplica, type AccessReplica } from '../../src/replica/access-replica.ts';
import type { Revocation } from '../../src/revocations.ts';
import { compileTenant } from '../../src/snapshot/compile-tenant.ts';
import type { TenantRows } from '../../src/snapshot/rows.ts';
import { canonicalJson, sealShards, type AccessHead, type SealedTenant } from '../../src/snapshot/seal-shards.ts';
import { signText, type SignedText } from '../../src/snapshot/signed.ts';
import { emptyRows, storeOptions } from './compile.ts';

const tenantId = '0192a3b4-5c6d-7e8f-9a0b-00000000000a';
const ada = '0192a3b4-5c6d-7e8f-9a0b-0000000000a1';
const empty = emptyRows(tenantId);
const withAda: TenantRows = { ...empty, members: [{ userId: ada, status: 'active' }] };

function makeSigner(kid: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk: JsonWebKey = { ...publicKey.export({ format: 'jwk' }), kid, use: 'access' };
  const signed = (value: object): SignedText => signText(canonicalJson(value), { kid, privateKey });
  return { jwk, signed };
}
const signer = makeSigner('a1');
const thief = makeSigner('a1');

function sealed(rows: TenantRows, version: number, previous?: AccessHead): SealedTenant {
  return sealShards(compileTenant(rows), { tenantId: rows.tenantId, version, ...(previous && { previous }) });
}
const first = sealed(empty, 1);
const second = sealed(withAda, 2, first.head);

let now: number;
let auth: { keys: JsonWebKey[]; at: SealedTenant; asked: string[]; keyReads: number; isAway: boolean };
let replica: AccessReplica;
let ignored: unknown[];
let revoked: Revocation[];

beforeEach(async () => {
  now = 1_000_000;
  auth = { keys: [signer.jwk], at: second, asked: [], keyReads: 0, isAway: false };
  ignored = [];
  revoked = [];
  const answering = (): void => {
    if (auth.isAway) throw new UnavailableError('away');
  };
  replica = createAccessReplica({
    ...storeOptions(),
    clock: () => new Date(now),
    onIgnored: (record) => ignored.push(record),
    authority: {
      check: () => Promise.reject(new Error('nobody asks here')),
      async verificationKeys() {
        auth.keyReads += 1;
        answering();
        return auth.keys;
      },
      async snapshot(id, version) {
        auth.asked.push(id);
        answering();
        if (id !== tenantId) return undefined;
        if (version === auth.at.head.version) return 'unchanged';
        const whole = sealed(auth.at === first ? empty : withAda, auth.at.head.version);
        return { head: signer.signed(auth.at.head), shards: whole.changed };
      },
    },
  });
  replica.revocations.subscribe((revocation) => revoked.push(revocation));
  const platform = sealed(emptyRows(platformTenantId), 1);
  for (const shard of platform.changed) replica.takeShard(platformTenantId, shard);
  await replica.takeHead(platformTenantId, signer.signed(platform.head));
});

async function publish({ head, changed }: SealedTenant, from = signer): Promise<void> {
  for (const shard of changed) replica.takeShard(tenantId, shard);
  await replica.takeHead(tenantId, from.signed(head));
}
const version = (): number | undefined => replica.port.world(tenantId)?.version;

test('what auth has published decides, the newest of it', async () => {
  expect(version()).toBeUndefined();
  await publish(second);
  await publish(first);
  expect(version()).toBe(2);
  expect(replica.port.world(tenantId)?.people.subject('user', ada)).toBeDefined();
});

test('a head auth has not signed, one of another tenant and one that goes back change nothing and are told', async () => {
  await publish(first);
  await publish(second);
  await replica.takeHead(tenantId, thief.signed({ ...second.head, version: 3 }));
  await replica.takeHead(tenantId, { payload: 'no head', kid: 'a1', signature: '' });
  await replica.takeHead(tenantId, signer.signed({ ...second.head, tenantId: platformTenantId, version: 3 }));
  await replica.takeHead(tenantId, signer.signed(first.head));
  expect(version()).toBe(2);
  expect(ignored).toMatchObject([
    { tenantId, reason: 'signature' },
    { tenantId, reason: 'signature' },
    { tenantId, reason: 'signature' },
    { tenantId, reason: 'version' },
  ]);
});

test('a shard that is missing for two seconds is fetched, and not before', async () => {
  await publish(first);
  await replica.takeHead(tenantId, signer.signed(second.head));
  now += 1_999;
  await replica.catchUp();
  expect(auth.asked).toEqual([]);
  now += 1;
  await replica.catchUp();
  expect(auth.asked).toEqual([tenantId]);
  expect(version()).toBe(2);
  now += 10_000;
  await replica.catchUp();
  expect(auth.asked).toHaveLength(1);
});

test('a tenant said to have advanced is fetched, again and again while auth is away', async () => {
  await publish(first);
  replica.takeAdvanced(tenantId, 2);
  auth.isAway = true;
  for (const _ of [1, 2]) {
    now += 2_000;
    await replica.catchUp();
  }
  expect(auth.asked).toHaveLength(2);
  auth.isAway = false;
  now += 2_000;
  await replica.catchUp();
  expect(version()).toBe(2);
});

test('a version nobody has is asked about once; a tenant that is gone is forgotten', async () => {
  await publish(second);
  replica.takeAdvanced(tenantId, 9);
  replica.takeAdvanced(ada, 9);
  for (const _ of [1, 2]) {
    now += 2_000;
    await replica.catchUp();
  }
  expect(auth.asked).toEqual([tenantId, ada]);
  expect(version()).toBe(2);
});

test('the size is that of the shards the newest head names', async () => {
  const platform = replica.size();
  await publish(second);
  const both = second.changed.reduce((sum, { text }) => sum + text.length, platform);
  expect(replica.size()).toBe(both);
  await publish(first);
  await replica.takeHead(tenantId, signer.signed({ ...first.head, version: 3 }));
  expect(replica.size()).toBe(first.changed.reduce((sum, { text }) => sum + text.length, platform));
});

test('an unknown tenant can be loaded, with the platform it needs', async () => {
  await replica.port.load(tenantId);
  expect(version()).toBe(2);
  await replica.port.load(tenantId);
  expect(auth.asked).toEqual([tenantId, tenantId]);
});

test.each<[string, object, Revocation | undefined]>([
  ['a session', { kind: 'session', id: 's' }, { kind: 'session', id: 's' }],
  ['a user', { kind: 'user', id: ada, epoch: 3 }, { kind: 'user', id: ada, epoch: 3 }],
  ['a member', { kind: 'member', id: ada, version: 7 }, { kind: 'member', tenantId, id: ada, version: 7 }],
  ['a tenant', { kind: 'tenant', id: tenantId, version: 7 }, { kind: 'tenant', id: tenantId, version: 7 }],
  ['what a later release knows', { kind: 'device', id: 'd' }, undefined],
  ['a user without an epoch', { kind: 'user', id: ada }, undefined],
])('%s is revoked', async (_what, said, expected) => {
  await replica.takeRevocation(tenantId, signer.signed({ at: now, tenantId, ...said }));
  expect(revoked).toEqual(expected === undefined ? [] : [expected]);
});

test('nobody else revokes', async () => {
  await replica.takeRevocation(tenantId, thief.signed({ at: now, tenantId, kind: 'session', id: 's' }));
  expect(revoked).toEqual([]);
  expect(ignored).toEqual([{ tenantId, reason: 'signature' }]);
});

test('records of a new key wait for it; unknown keys are looked for once in ten seconds', async () => {
  const next = makeSigner('a2');
  expect(auth.keyReads).toBe(1);
  now += 10_000;
  auth.isAway = true;
  const revocation = next.signed({ at: now, tenantId, kind: 'session', id: 's' });
  await replica.takeRevocation(tenantId, revocation);
  await publish(first, next);
  expect([revoked, version()]).toEqual([[], undefined]);
  auth = { ...auth, isAway: false, keys: [signer.jwk, next.jwk], at: first, keyReads: 0 };
  now += 2_000;
  await replica.catchUp();
  expect(revoked).toEqual([{ kind: 'session', id: 's' }]);
  expect(version()).toBe(1);
  for (const kid of ['x', 'y', 'z']) await replica.takeHead(tenantId, { ...signer.signed(second.head), kid });
  expect(auth.keyReads).toBe(1);
  expect(version()).toBe(1);
});

test('without a beat for more than ten seconds what is here may be old', () => {
  expect(replica.port.isStale?.()).toBe(false);
  now += 10_001;
  expect(replica.port.isStale?.()).toBe(true);
  expect(replica.silenceSeconds()).toBeCloseTo(10.001);
  replica.takeBeat();
  expect(replica.port.isStale?.()).toBe(false);
});
