import { accessTokenSeconds, createTokenVerifier, signAccessToken, type AccessClaims } from '@idp/auth';
import { newId } from '@idp/contracts';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { cpuMicrosPerCall } from '../in-process.ts';
import type { Row } from '../row.ts';

const issuer = 'http://localhost:8080';
const audience = 'idp';
const cachedLimitMicros = 10;

function claimsOf(nowSeconds: number): AccessClaims {
  return {
    iss: issuer,
    aud: audience,
    sub: newId(),
    sty: 'user',
    tid: newId(),
    sid: newId(),
    ep: 1,
    jti: newId(),
    pv: 1,
    iat: nowSeconds,
    exp: nowSeconds + accessTokenSeconds,
    auth_time: nowSeconds,
    amr: ['pwd'],
    acr: 'idp:aal1',
  };
}

/** Auth §6: an access token in the process that serves the request. */
export const tokenVerify: Row = {
  name: 'token-verify',
  suite: 'auth',
  async run({ rounds }) {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'EdDSA', use: 'sig' };
    const clock = (): Date => new Date();
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const calls = rounds > 3 ? 4_000 : 1_500;
    // Never one twice: the verifier remembers what it has seen.
    const tokens = await Promise.all(
      Array.from({ length: calls * (rounds + 1) }, () =>
        signAccessToken({ kid: 'bench', alg: 'EdDSA', privateKey }, claimsOf(nowSeconds)),
      ),
    );
    const verifier = createTokenVerifier({ issuer, audience, jwks: { keys: async () => [jwk] }, clock });
    let next = 0;
    const cold = await cpuMicrosPerCall(() => verifier.verify(tokens[next++]!), { calls, rounds });
    next = 0;
    const bare = await cpuMicrosPerCall(() => jwtVerify(tokens[next++]!, publicKey, { issuer, audience }), {
      calls,
      rounds,
    });
    const recent = tokens.slice(-500);
    next = 0;
    const cached = await cpuMicrosPerCall(() => verifier.verify(recent[next++ % recent.length]!), {
      calls: 20 * calls,
      rounds,
    });
    return {
      name: 'token-verify',
      title: 'An access token, in the process that serves the request',
      figures: [],
      claims: [
        {
          text: `CPU of a token seen before, as part of ${cachedLimitMicros} µs`,
          ratio: cached / cachedLimitMicros,
          limit: 1,
          bound: 'at-most',
        },
        { text: 'CPU of a new one against `jwtVerify` of jose', ratio: cold / bare, limit: 1.3, bound: 'at-most' },
      ],
      notes: [`seen before ${cached.toFixed(1)} µs, new ${cold.toFixed(0)} µs, jose alone ${bare.toFixed(0)} µs`],
    };
  },
};
