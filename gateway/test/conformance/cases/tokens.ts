import { createHmac } from 'node:crypto';
import { signed, type Case, type Expected } from '../case.ts';
import type { Claims, Issuer } from '../targets/issuer.ts';

const path = '/api/v1/one';
const refused: Expected = {
  status: 401,
  code: 'INVALID_TOKEN',
  headers: { 'www-authenticate': 'Bearer' },
  seen: null,
};
const missing: Expected = { ...refused, code: 'AUTH_REQUIRED' };
const passes: Expected = { status: 200, seen: { service: 'one' } };
const now = (): number => Math.floor(Date.now() / 1000);

/** A request with a token of the issuer that was made or changed this way. */
function withToken(name: string, make: (issuer: Issuer) => string | Promise<string>, expect: Expected): Case {
  const send: Case['send'] = async (issuer) => ({ path, headers: { authorization: `Bearer ${await make(issuer)}` } });
  return { name, send, expect };
}

function withClaims(name: string, claims: () => Partial<Claims>, expect: Expected): Case {
  return withToken(name, (issuer) => issuer.token(claims()), expect);
}

function withCookie(name: string, make: (issuer: Issuer) => Promise<Record<string, string>>, expect: Expected): Case {
  return { name, send: async (issuer) => ({ path, headers: await make(issuer) }), expect };
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** The claims of a good token under another header, signed by whom the caller says. */
async function forged(issuer: Issuer, header: object, sign: (input: string) => string): Promise<string> {
  const [, payload = ''] = (await issuer.token()).split('.');
  const input = `${encoded(header)}.${payload}`;
  return `${input}.${sign(input)}`;
}

async function withOtherHeader(issuer: Issuer, header: object): Promise<string> {
  const [, payload = '', signature = ''] = (await issuer.token()).split('.');
  return `${encoded(header)}.${payload}.${signature}`;
}

export const tokens: readonly Case[] = [
  { name: 'without a credential', send: { path }, expect: missing },
  withToken('EdDSA passes', (issuer) => issuer.token(), passes),
  withToken('ES256 passes', (issuer) => issuer.token({}, 'ES256'), passes),
  withToken('alg none', (issuer) => forged(issuer, { alg: 'none', typ: 'at+jwt' }, () => ''), refused),
  withToken(
    'HS256 with the public key as secret',
    (issuer) =>
      forged(issuer, { alg: 'HS256', typ: 'at+jwt', kid: 'EdDSA' }, (input) =>
        createHmac('sha256', issuer.publicKey).update(input).digest('base64url'),
      ),
    refused,
  ),
  withToken('an unknown key', (issuer) => withOtherHeader(issuer, { alg: 'EdDSA', typ: 'at+jwt', kid: 'x' }), refused),
  withToken(
    'the key of another algorithm',
    (issuer) => withOtherHeader(issuer, { alg: 'ES256', typ: 'at+jwt', kid: 'ES256' }),
    refused,
  ),
  withToken(
    'another signature',
    async (issuer) => {
      const [header, payload] = (await issuer.token()).split('.');
      return `${header}.${payload}.${(await issuer.token({ pv: 1 })).split('.')[2]}`;
    },
    refused,
  ),
  withToken('no token at all', () => 'nonsense', refused),
  withClaims('another issuer', () => ({ iss: 'http://elsewhere' }), refused),
  withClaims('another audience', () => ({ aud: 'http://localhost/other' }), refused),
  withClaims(
    '61 seconds after its end',
    () => ({ iat: now() - 961, exp: now() - 61, auth_time: now() - 961 }),
    refused,
  ),
  withClaims('30 seconds after its end', () => ({ iat: now() - 930, exp: now() - 30, auth_time: now() - 930 }), passes),
  withClaims('a life of more than 900 seconds', () => ({ exp: now() + 3600 }), refused),
  withToken('a token of 9 KiB', async (issuer) => `${await issuer.token()}${'A'.repeat(9_000)}`, refused),
  {
    name: 'the scheme in lower case passes',
    send: async (issuer) => ({ path, headers: { authorization: `bearer ${await issuer.token()}` } }),
    expect: passes,
  },
  {
    name: 'the scheme in upper case passes',
    send: async (issuer) => ({ path, headers: { authorization: `BEARER ${await issuer.token()}` } }),
    expect: passes,
  },
  { name: 'a scheme that is not served', send: { path, headers: { authorization: 'Basic dTpw' } }, expect: refused },
  { name: 'a scheme without a token', send: { path, headers: { authorization: 'Bearer' } }, expect: refused },
  {
    name: 'two Authorization headers',
    send: async (issuer) => {
      const value = `Bearer ${await issuer.token()}`;
      return {
        path,
        headers: [
          ['Authorization', value],
          ['Authorization', value],
        ],
      };
    },
    expect: { status: 400, code: 'VALIDATION_ERROR', seen: null },
  },
  {
    name: 'a token in the query is none',
    send: async (issuer) => ({ path: `${path}?access_token=${await issuer.token()}` }),
    expect: missing,
  },
  withCookie('the access cookie passes', async (issuer) => ({ cookie: `idp_at=${await issuer.token()}` }), passes),
  withCookie('a cookie of another name is none', async (issuer) => ({ cookie: `at=${await issuer.token()}` }), missing),
  withCookie('an expired cookie', async (issuer) => ({ cookie: `idp_at=${await expired(issuer)}` }), refused),
  withCookie(
    'a valid header beside an expired cookie passes',
    async (issuer) => ({ ...signed, cookie: `idp_at=${await expired(issuer)}` }),
    passes,
  ),
  withCookie(
    'an expired header beside a valid cookie',
    async (issuer) => ({
      authorization: `Bearer ${await expired(issuer)}`,
      cookie: `idp_at=${await issuer.token()}`,
    }),
    refused,
  ),
  { name: 'nobody is let in where it is optional', send: { path: '/api/v1/optional' }, expect: passes },
  {
    name: 'a bad token is refused where it is optional',
    send: { path: '/api/v1/optional', headers: { authorization: 'Bearer x' } },
    expect: refused,
  },
  {
    name: 'a good token passes where it is optional',
    send: { path: '/api/v1/optional', headers: signed },
    expect: passes,
  },
  {
    name: 'nothing is looked at where it is public',
    send: { path: '/api/v1/open', headers: { authorization: 'Bearer x' } },
    expect: passes,
  },
];

function expired(issuer: Issuer): Promise<string> {
  return issuer.token({ iat: now() - 1800, exp: now() - 900, auth_time: now() - 1800 });
}
