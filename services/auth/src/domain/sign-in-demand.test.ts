import { expect, test } from 'vitest';
import { demandOf, lifeIn, shortfallOf } from './sign-in-demand.ts';

const password = { amr: ['pwd'], acr: 'idp:aal1' } as const;
const withCode = { amr: ['pwd', 'otp'], acr: 'idp:aal2' } as const;
const passkey = { amr: ['webauthn'], acr: 'idp:phr' } as const;
const federated = { amr: ['fed'], acr: 'idp:aal1' } as const;

test.each([
  [{}, true, password, undefined],
  [{ mfa: 'optional' }, true, password, undefined],
  [{ mfa: 'admins' }, false, password, undefined],
  [{ mfa: 'admins' }, true, password, 'factor'],
  [{ mfa: 'all' }, false, password, 'factor'],
  [{ mfa: 'all' }, false, withCode, undefined],
  [{ mfa: 'all' }, false, passkey, undefined],
  [{ sso: { enforced: false } }, true, password, undefined],
  [{ sso: { enforced: true } }, false, withCode, 'sso'],
  [{ sso: { enforced: true } }, false, federated, undefined],
  [{ sso: { enforced: true }, mfa: 'all' }, false, federated, 'factor'],
] as const)('%j, administrator %s, %j: %s', (config, isAdmin, signedIn, shortfall) => {
  expect(shortfallOf(demandOf(config, { isAdmin }), signedIn)).toBe(shortfall);
});

test('limits of a tenant count where they are stricter', () => {
  const platform = { idleSeconds: 600, maxSeconds: 6_000 };
  expect(lifeIn({}, platform)).toEqual(platform);
  expect(lifeIn({ session: { idleSeconds: 300 } }, platform)).toEqual({ idleSeconds: 300, maxSeconds: 6_000 });
  expect(lifeIn({ session: { idleSeconds: 900, maxSeconds: 3_000 } }, platform)).toEqual({
    idleSeconds: 600,
    maxSeconds: 3_000,
  });
});
