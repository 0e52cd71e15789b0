import { signAccessToken, type AuthContextClass, type SigningKey } from '@idp/auth';
import { newId } from '@idp/contracts';

/** What an access token of a person says. Times are instants; the token has whole seconds. */
interface AccessTokenSubject {
  userId: string;
  tenantId: string;
  sessionId: string;
  tokenEpoch: number;
  accessVersion: number;
  amr: string[];
  acr: AuthContextClass;
  authTime: Date;
  /** SHA-256 of the CSRF value, where the token goes into a cookie. */
  csrfHash?: Buffer | null;
}

export interface AccessTokens {
  /** Seconds a token lives. */
  lifetimeSeconds: number;
  issue(subject: AccessTokenSubject): Promise<string>;
}

/** Issues access tokens of the platform: `iss` is its public URL, `aud` that URL with `/api`. No roles inside. */
export function createAccessTokens(options: {
  publicUrl: string;
  lifetimeSeconds: number;
  signingKey: () => Promise<SigningKey>;
  clock: () => Date;
}): AccessTokens {
  const { publicUrl, lifetimeSeconds, signingKey, clock } = options;
  return {
    lifetimeSeconds,
    async issue(subject) {
      const iat = Math.floor(clock().getTime() / 1000);
      return signAccessToken(await signingKey(), {
        iss: publicUrl,
        aud: `${publicUrl}/api`,
        sub: subject.userId,
        sty: 'user',
        tid: subject.tenantId,
        sid: subject.sessionId,
        jti: newId(),
        iat,
        exp: iat + lifetimeSeconds,
        auth_time: Math.min(iat, Math.floor(subject.authTime.getTime() / 1000)),
        amr: subject.amr,
        acr: subject.acr,
        pv: subject.accessVersion,
        ep: subject.tokenEpoch,
        ...(subject.csrfHash && { xsrf: subject.csrfHash.toString('base64url') }),
      });
    },
  };
}
