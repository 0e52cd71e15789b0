import type { ApiKeyRatePolicy } from './api-keys/key-port.ts';

/** Authentication context class: one factor, two factors, phishing-resistant. */
export const authContextClasses = ['idp:aal1', 'idp:aal2', 'idp:phr'] as const;
export type AuthContextClass = (typeof authContextClasses)[number];

/** Who is calling, taken from a verified access token and nothing else. */
export interface Principal {
  type: 'user' | 'service';
  /** User or service-account id (UUID), or `service:<name>` for a service of the platform. */
  id: string;
  tenantId: string;
  /** Absent for credentials that no session stands behind. */
  sessionId?: string;
  /** `user:<id>`, `key:<id>` or `service:<name>`: the form of actor columns, events and audit rows. */
  actor: string;
  tokenId: string;
  /** Access version of the tenant when the token was made (claim `pv`). */
  accessVersion: number;
  /** Seconds since the epoch when the person last proved who they are. */
  authTime: number;
  amr: string[];
  acr: AuthContextClass;
  /** Bounds of the token, separated by single spaces; absent = not bounded. */
  scope?: string;
  /** `service:<name>` that acts on behalf of this principal (claim `act`). */
  actingService?: string;
  /** Id of the API key that was used; the principal is then its owner. */
  keyId?: string;
  /** The key's own limit, where it has one. */
  ratePolicy?: ApiKeyRatePolicy;
  /** SHA-256 of the CSRF value, base64url; set in tokens that are meant for a cookie. */
  xsrf?: string;
  /** The verified token itself, for calls made on the principal's behalf. */
  token: string;
}
