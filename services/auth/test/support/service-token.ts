import { signAccessToken } from '@idp/auth';
import { newId, platformTenantId } from '@idp/contracts';
import type { RunningAuth } from './running-auth.ts';

/** What another service of the platform calls auth with. */
export async function makeServiceToken(auth: RunningAuth): Promise<string> {
  const iat = Math.floor(auth.clock().getTime() / 1000);
  return signAccessToken(await auth.ctx.signingKeys.active(), {
    iss: auth.publicUrl,
    aud: 'idp:auth',
    sub: 'service:catalog',
    sty: 'service',
    tid: platformTenantId,
    jti: newId(),
    iat,
    exp: iat + 300,
    auth_time: iat,
    amr: [],
    acr: 'idp:aal1',
    pv: 0,
  });
}
