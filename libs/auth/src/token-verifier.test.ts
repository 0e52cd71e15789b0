import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRevocationSignal } from './revocations.ts';
import { signAccessToken, type SigningKey } from './token-signer.ts';
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';
import type { AccessClaims } from './claims.ts';

const issuer = 'https://idp.test';
const audience = `${issuer}/api`;
const user = '0192d6a0-0000-7000-8000-000000000001';
const other = '0192d6a0-0000-7000-8000-000000000002';
const tenant = '0192d6a0-0000-7000-8000-00000000000a';
const start = 1_770_000_000;

type Header = Record<string, unknown>;
type Claims = Record<string, unknown>;
/** Signs the text before the last dot. */
type Signer = (input: string) => Buffer;

let key: SigningKey & { publicKey: CryptoKey; object: KeyObject };
let jwk: JWK;
let published: JWK[];
let now: number;
let fetches: number;
let verifier: TokenVerifier;

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = (changes: Header = {}): Header => ({ alg: 'EdDSA', kid: 'k1', typ: 'at+jwt', ...changes });

function claims(changes: Claims = {}): Claims {
  return withoutNull({
    iss: issuer,
    aud: audience,
    sub: user,
    sty: 'user',
    tid: tenant,
    sid: other,
    jti: 'token-1',
    iat: start,
    exp: start + 900,
    auth_time: start,
    amr: ['pwd'],
    acr: 'idp:aal1',
    pv: 3,
    ep: 0,
    ...changes,
  });
}

/** A change to null takes the member out. */
function withoutNull(members: Claims): Claims {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

const ours: Signer = (input) => sign(null, Buffer.from(input), key.object);

function token(
  changes: { header?: Header; claims?: Claims; payloadText?: string | Buffer; signer?: Signer } = {},
): string {
  const head = base64url(withoutNull(header(changes.header)));
  const text = changes.payloadText ?? JSON.stringify(claims(changes.claims));
  const input = `${head}.${Buffer.from(text as string).toString('base64url')}`;
  return `${input}.${(changes.signer ?? ours)(input).toString('base64url')}`;
}

/** What becomes of a token: `accepted`, or the code of the error. */
async function verdict(candidate: string): Promise<string> {
  try {
    await verifier.verify(candidate);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true });
  const { KeyObject } = await import('node:crypto');
  key = { kid: 'k1', alg: 'EdDSA', ...pair, object: KeyObject.from(pair.privateKey as never) };
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
});

beforeEach(() => {
  now = start + 1;
  fetches = 0;
  published = [jwk];
  const jwks = {
    keys: async () => {
      fetches += 1;
      return published;
    },
  };
  verifier = createTokenVerifier({ issuer, audience, jwks, clock: () => new Date(now * 1000) });
});

test('a token of ours becomes a principal', async () => {
  const text = await signAccessToken(key, claims({ scope: 'catalog:*' }) as AccessClaims);
  expect(await verifier.verify(text)).toEqual({
    type: 'user',
    id: user,
    tenantId: tenant,
    sessionId: other,
    actor: `user:${user}`,
    tokenId: 'token-1',
    accessVersion: 3,
    authTime: start,
    amr: ['pwd'],
    acr: 'idp:aal1',
    scope: 'catalog:*',
    token: text,
  });
  expect(text.length).toBeLessThanOrEqual(1024);
});

test('a service token names the service, and the service that acts for a user is kept', async () => {
  const service = token({ claims: { sub: 'service:catalog', sty: 'service', sid: null, ep: null } });
  expect(await verifier.verify(service)).toMatchObject({ type: 'service', actor: 'service:catalog' });
  const acting = token({ claims: { act: { sub: 'service:aika' } } });
  expect(await verifier.verify(acting)).toMatchObject({ id: user, actingService: 'service:aika' });
});

test.each<[string, Header]>([
  ['alg-none', { alg: 'none' }],
  ['alg-none-capital', { alg: 'None' }],
])('%s: an unsigned token is refused', async (_id, changes) => {
  const input = `${base64url(header(changes))}.${base64url(claims())}`;
  expect(await verdict(`${input}.`)).toBe('INVALID_TOKEN');
  expect(await verdict(token({ header: changes }))).toBe('INVALID_TOKEN');
});

test.each(['raw', 'pem', 'jwk', 'empty'])('hs256 with the public key as %s secret is refused', async (form) => {
  const pem = await exportSPKI(key.publicKey);
  const secrets: Record<string, Buffer | string> = {
    raw: Buffer.from(jwk.x!, 'base64url'),
    pem,
    jwk: JSON.stringify(jwk),
    empty: '',
  };
  const signer: Signer = (input) => createHmac('sha256', secrets[form]!).update(input).digest();
  expect(await verdict(token({ header: { alg: 'HS256' }, signer }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ signer }))).toBe('INVALID_TOKEN');
});

test('a key brought in the header is not looked at', async () => {
  const attacker = generateKeyPairSync('ed25519');
  const signer: Signer = (input) => sign(null, Buffer.from(input), attacker.privateKey);
  const embedded = attacker.publicKey.export({ format: 'jwk' });
  expect(await verdict(token({ header: { jwk: embedded }, signer }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ header: { jku: 'https://attacker.test/keys' }, signer }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ header: { x5c: ['MIIB'] }, signer }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ signer }))).toBe('INVALID_TOKEN');
});

test.each<[string, Header]>([
  ['kid-dev-null', { kid: '../../dev/null' }],
  ['kid-missing', { kid: null }],
  ['kid-number', { kid: 1 }],
  ['crit-exp', { crit: ['exp'] }],
  ['typ-jwt', { typ: 'JWT' }],
  ['typ-missing', { typ: null }],
  ['typ-case', { typ: 'AT+JWT' }],
  ['nested-cty-jwt', { cty: 'JWT' }],
  ['alg-of-another-key', { alg: 'ES256' }],
  ['b64-false', { b64: false }],
])('%s: a header beyond alg, kid and typ, or wrong in them, is refused', async (_id, changes) => {
  expect(await verdict(token({ header: changes }))).toBe('INVALID_TOKEN');
});

test.each<[string, Claims]>([
  ['aud-missing', { aud: null }],
  ['aud-array-with-valid', { aud: [audience, 'https://other.test'] }],
  ['aud-array-of-one', { aud: [audience] }],
  ['aud-other-service', { aud: 'idp:pipelines' }],
  ['iss-trailing-slash', { iss: `${issuer}/` }],
  ['iss-missing', { iss: null }],
  ['exp-string', { exp: '9999999999' }],
  ['exp-negative', { exp: -1 }],
  ['exp-fraction', { exp: start + 0.5 }],
  ['exp-missing', { exp: null }],
  ['life-901', { exp: start + 901 }],
  ['life-0', { exp: start }],
  ['iat-missing', { iat: null }],
  ['sub-missing', { sub: null }],
  ['sub-empty', { sub: '' }],
  ['sub-number', { sub: 1 }],
  ['sub-upper-case', { sub: user.toUpperCase() }],
  ['user-with-service-subject', { sub: 'service:catalog' }],
  ['tid-missing', { tid: null }],
  ['tid-not-uuid', { tid: '1 or 1=1' }],
  ['sid-missing', { sid: null }],
  ['ep-missing', { ep: null }],
  ['jti-missing', { jti: null }],
  ['pv-negative', { pv: -1 }],
  ['pv-string', { pv: '1' }],
  ['scope-newline', { scope: 'catalog:entity:read\nauth:*' }],
  ['scope-array', { scope: ['catalog:entity:read'] }],
  ['act-not-service', { act: { sub: user } }],
  ['acr-unknown', { acr: 'idp:aal9' }],
  ['amr-text', { amr: 'pwd' }],
  ['auth-time-after-iat', { auth_time: start + 1 }],
])('%s: claims of a wrong type or value are refused', async (_id, changes) => {
  expect(await verdict(token({ claims: changes }))).toBe('INVALID_TOKEN');
});

test('times hold with 60 s of skew and not a second more', async () => {
  const text = token();
  now = start - 60;
  await expect(verifier.verify(text)).resolves.toBeDefined();
  now = start - 61;
  expect(await verdict(text)).toBe('INVALID_TOKEN');
  now = start + 900 + 59;
  await expect(verifier.verify(text)).resolves.toBeDefined();
  now = start + 900 + 60;
  expect(await verdict(text)).toBe('INVALID_TOKEN');
});

test('a remembered token expires like any other', async () => {
  const text = token();
  await verifier.verify(text);
  now = start + 1000;
  expect(await verdict(text)).toBe('INVALID_TOKEN');
});

const changes: Record<string, (text: string) => string> = {
  'drop-last-signature-byte': (text) => {
    const [head, body, signature] = text.split('.');
    return `${head}.${body}.${Buffer.from(signature!, 'base64url').subarray(0, 63).toString('base64url')}`;
  },
  'flip-one-signature-bit': (text) => {
    const [head, body, signature] = text.split('.');
    const bytes = Buffer.from(signature!, 'base64url');
    bytes[10] = bytes[10]! ^ 4;
    return `${head}.${body}.${bytes.toString('base64url')}`;
  },
  'swap-signature': (text) =>
    `${text.slice(0, text.lastIndexOf('.'))}.${token({ claims: { jti: 'x' } }).split('.')[2]}`,
  'pad-base64': (text) => `${text}==`,
  'change-unused-trailing-bits': (text) => text.slice(0, -1) + nextInAlphabet(text.at(-1)!),
  'insert-space-after-first-dot': (text) => text.replace('.', '. '),
  'newline-at-end': (text) => `${text}\n`,
  'remove-dots': (text) => text.replaceAll('.', ''),
  'jwe-shape': (text) => `${text}.${text.split('.')[1]}.${text.split('.')[2]}`,
  'two-parts': (text) => text.slice(0, text.lastIndexOf('.')),
  'refresh-token': () => `r1.${user}.0.${'A'.repeat(43)}`,
  'eddsa-s-plus-l': (text) => {
    const [head, body, signature] = text.split('.');
    return `${head}.${body}.${addGroupOrder(Buffer.from(signature!, 'base64url')).toString('base64url')}`;
  },
};

test.each(Object.keys(changes))('%s: a token changed in its text is refused', async (id) => {
  const text = token();
  await expect(verifier.verify(text)).resolves.toBeDefined();
  const changed = changes[id]!(text);
  expect(changed).not.toBe(text);
  expect(await verdict(changed)).toBe('INVALID_TOKEN');
});

test('standard base64 is refused where it differs from base64url', async () => {
  let text = token();
  for (let index = 0; !/[-_]/.test(text); index += 1) text = token({ claims: { jti: `token-${index}` } });
  expect(await verdict(text.replaceAll('-', '+').replaceAll('_', '/'))).toBe('INVALID_TOKEN');
});

test.each<[string, string | Buffer]>([
  ['duplicate-sub', JSON.stringify(claims()).replace('{', `{"sub":"${other}",`)],
  ['payload-utf16', Buffer.from('//57ACIAcwB1AGIAIgA6ACIAeAAiAH0A', 'base64')],
  ['payload-array', '[]'],
  ['payload-spaces', JSON.stringify(claims(), null, 1)],
  ['payload-bom', `\ufeff${JSON.stringify(claims())}`],
  ['payload-not-utf8', Buffer.from([0x7b, 0xff, 0x7d])],
])('%s: a payload in another form than JSON.stringify writes is refused', async (_id, payloadText) => {
  expect(await verdict(token({ payloadText }))).toBe('INVALID_TOKEN');
});

test('a token above 8 KiB is refused before any key is asked for', async () => {
  expect(await verdict(token({ claims: { x: 'a'.repeat(8192) } }))).toBe('INVALID_TOKEN');
  expect(fetches).toBe(0);
});

test('es256: the right algorithm for its key passes, DER, zero and a foreign curve do not', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  published.push({ ...createPublicKey(pair.privateKey).export({ format: 'jwk' }), kid: 'e1', use: 'sig' } as JWK);
  const es256 =
    (dsaEncoding: 'ieee-p1363' | 'der'): Signer =>
    (input) =>
      sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding });
  const head = { alg: 'ES256', kid: 'e1' };
  await expect(verifier.verify(token({ header: head, signer: es256('ieee-p1363') }))).resolves.toBeDefined();
  expect(await verdict(token({ header: head, signer: es256('der') }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ header: head, signer: () => Buffer.alloc(64) }))).toBe('INVALID_TOKEN');
  expect(await verdict(token({ header: { alg: 'EdDSA', kid: 'e1' }, signer: es256('ieee-p1363') }))).toBe(
    'INVALID_TOKEN',
  );
});

test('keys for encryption and keys of other kinds are not taken', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  published = [{ ...jwk, use: 'enc' }, { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r1' } as JWK];
  expect(await verdict(token())).toBe('INVALID_TOKEN');
  expect(
    await verdict(
      token({
        header: { alg: 'RS256', kid: 'r1' },
        signer: (input) => sign('sha256', Buffer.from(input), rsa.privateKey),
      }),
    ),
  ).toBe('INVALID_TOKEN');
});

test('an unknown kid fetches the keys once in 10 s, however many tokens name one', async () => {
  await verifier.verify(token());
  now += 11;
  const forged = Array.from({ length: 50 }, (_, index) => verdict(token({ header: { kid: `forged-${index}` } })));
  expect(new Set(await Promise.all(forged))).toEqual(new Set(['INVALID_TOKEN']));
  expect(fetches).toBe(2);
  now += 9;
  expect(await verdict(token({ header: { kid: 'forged' } }))).toBe('INVALID_TOKEN');
  expect(fetches).toBe(2);
  await expect(verifier.verify(token({ claims: { jti: 'known-key' } }))).resolves.toBeDefined();
});

test('a new key is found by its first token', async () => {
  await verifier.verify(token());
  const pair = generateKeyPairSync('ed25519');
  const signer: Signer = (input) => sign(null, Buffer.from(input), pair.privateKey);
  published = [jwk, { ...pair.publicKey.export({ format: 'jwk' }), kid: 'k2', use: 'sig' } as JWK];
  now += 10;
  await expect(verifier.verify(token({ header: { kid: 'k2' }, signer }))).resolves.toBeDefined();
});

test('keys are read again after 5 minutes, and a dropped key ends what it signed', async () => {
  const text = token();
  await verifier.verify(text);
  published = [];
  now += 299;
  await expect(verifier.verify(text)).resolves.toBeDefined();
  now += 2;
  expect(await verdict(token({ claims: { jti: 'fresh' } }))).toBe('INVALID_TOKEN');
  expect(await verdict(text)).toBe('INVALID_TOKEN');
});

test('a session that ends takes its tokens with it, and no others', async () => {
  const revocations = createRevocationSignal();
  verifier = createTokenVerifier({
    issuer,
    audience,
    jwks: { keys: async () => published },
    revocations,
    clock: () => new Date(now * 1000),
  });
  const [known, fresh, another] = [token(), token({ claims: { jti: 'token-2' } }), token({ claims: { sid: user } })];
  expect(await verdict(known)).toBe('accepted');
  revocations.announce({ kind: 'session', id: other });
  expect([await verdict(known), await verdict(fresh)]).toEqual(['INVALID_TOKEN', 'INVALID_TOKEN']);
  expect(await verdict(another)).toBe('accepted');
});

test.each([
  ['a user by the epoch of its tokens', { kind: 'user', id: user, epoch: 5 }, { ep: 5 }],
  ['a member by the version of its tenant', { kind: 'member', tenantId: tenant, id: user, version: 8 }, { pv: 8 }],
  ['a tenant by its version', { kind: 'tenant', id: tenant, version: 8 }, { pv: 8 }],
  ['a client by its id', { kind: 'client', id: 'cli' }, { client_id: 'web' }],
] as const)('what is revoked: %s', async (_what, revocation, good) => {
  const revocations = createRevocationSignal();
  const options = { issuer, audience, jwks: { keys: async () => published }, revocations };
  verifier = createTokenVerifier({ ...options, clock: () => new Date(now * 1000) });
  const before = token({ claims: { ep: 4, pv: 7, client_id: 'cli' } });
  const after = token({ claims: { ep: 4, pv: 7, client_id: 'cli', jti: 'after', ...good } });
  expect(await verdict(before)).toBe('accepted');
  revocations.announce(revocation);
  const older = {
    ...revocation,
    ...('epoch' in revocation && { epoch: 1 }),
    ...('version' in revocation && { version: 1 }),
  };
  revocations.announce(older);
  expect([await verdict(before), await verdict(after)]).toEqual(['INVALID_TOKEN', 'accepted']);
});

test('a revoked key ends what it signed, although its source still lists it', async () => {
  const revocations = createRevocationSignal();
  verifier = createTokenVerifier({
    issuer,
    audience,
    jwks: { keys: async () => published },
    revocations,
    clock: () => new Date(now * 1000),
  });
  expect(await verdict(token())).toBe('accepted');
  revocations.announce({ kind: 'kid', id: 'k1' });
  expect(await verdict(token())).toBe('INVALID_TOKEN');
  now += 301;
  expect(await verdict(token())).toBe('INVALID_TOKEN');
});

test('known keys outlive a source that fails; without any the answer is 503', async () => {
  const keys = vi.fn<() => Promise<JWK[]>>().mockResolvedValueOnce([jwk]).mockRejectedValue(new Error('refused'));
  const lasting = createTokenVerifier({ issuer, audience, jwks: { keys }, clock: () => new Date(now * 1000) });
  await lasting.verify(token());
  now += 400;
  await expect(lasting.verify(token({ claims: { jti: 'b' } }))).resolves.toBeDefined();
  const empty = createTokenVerifier({ issuer, audience, jwks: { keys: () => Promise.reject(new Error('refused')) } });
  await expect(empty.verify(token())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('concurrent first tokens share one fetch', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => verifier.verify(token({ claims: { jti: `t${index}` } }))));
  expect(fetches).toBe(1);
});

test('no text but a token of ours verifies, and nothing but INVALID_TOKEN comes back', async () => {
  const valid = token();
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.constantFrom(...Array.from('ABab01-_.+=/ é')))
    .map(([at, character]) => valid.slice(0, at) + character + valid.slice(at + 1));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated, fc.string(), fc.stringMatching(/^[\w-]{1,20}\.[\w-]{1,20}\.[\w-]{1,20}$/)),
      async (text) => {
        if (text === valid) return;
        expect(await verdict(text)).toBe('INVALID_TOKEN');
      },
    ),
    { numRuns: 300 },
  );
});

function nextInAlphabet(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[(alphabet.indexOf(character) + 1) % 64]!;
}

/** S + L (RFC 8032 §5.1.7: S must be below the group order), little-endian in the second half. */
function addGroupOrder(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const result = Buffer.from(signature);
  for (let index = 32; index < 64; index += 1, scalar >>= 8n) result[index] = Number(scalar & 0xffn);
  return result;
}
