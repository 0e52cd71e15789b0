import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  readHead,
  readRevoked,
  readShardMessage,
  shardMessage,
  signHead,
  signRevoked,
  type Revoked,
} from './records.ts';
import type { AccessHead } from './seal-shards.ts';
import { readVerificationKeys, signText } from './signed.ts';

const tenantId = '0192f000-0000-7000-8000-000000000001';
const otherTenantId = '0192f000-0000-7000-8000-000000000002';

function keyPair(kid: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { signer: { kid, privateKey }, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

const [ours, theirs] = [keyPair('ours'), keyPair('theirs')];
const keys = readVerificationKeys([ours.jwk]);
const head: AccessHead = { tenantId, version: 7, shards: { tenant: { version: 7, sha256: 'a'.repeat(64) } } };
const revoked: Revoked = { at: 5, kind: 'member', id: 'someone', tenantId, version: 7 };

test('a genuine head is read as it was signed', () => {
  expect(readHead(tenantId, signHead(head, ours.signer), keys)).toEqual(head);
  expect(readRevoked(tenantId, signRevoked(revoked, ours.signer), keys)).toEqual(revoked);
});

test('what another key signed, another tenant is named in, or was changed, is no head', () => {
  const genuine = signHead(head, ours.signer);
  const forged = signHead(head, { ...theirs.signer, kid: 'ours' });
  const changed = { ...genuine, payload: genuine.payload.replace('"version":7', '"version":8') };
  for (const record of [signHead(head, theirs.signer), forged, changed, { ...genuine, signature: '' }]) {
    expect(readHead(tenantId, record, keys)).toBeUndefined();
  }
  expect(readHead(otherTenantId, genuine, keys)).toBeUndefined();
});

test('a genuine record of one kind is none of the other', () => {
  expect(readHead(tenantId, signRevoked(revoked, ours.signer), keys)).toBeUndefined();
  expect(readRevoked(tenantId, signHead(head, ours.signer), keys)).toBeUndefined();
  expect(readRevoked(tenantId, signText('{"kind":"everything"}', ours.signer), keys)).toBeUndefined();
});

test.each(['{}', JSON.stringify({ text: 'ä'.repeat(100_000) })])('a shard arrives as it was sent (%#)', (text) => {
  const shard = { name: 'roles', version: 1_700_000_000_000, text };
  const message = shardMessage(shard);
  expect(message.text.length + message.gzipText.byteLength).toBeLessThan(1_000);
  expect(readShardMessage(message)).toEqual(shard);
});

test('a shard whose compressed text is none cannot be read', () => {
  expect(readShardMessage({ name: 'roles', version: 1n, text: '', gzipText: Buffer.from('no gzip') })).toBeUndefined();
});
