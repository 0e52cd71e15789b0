/** Headers of every answer of the API (docs/security.md, HTTP surface). */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export const jsonType = 'application/json; charset=utf-8';

/** What an answer depends on: pages of other origins may read it where a tenant has registered them. */
export const varyAuthenticated = 'Authorization, Cookie, Origin';
export const varyPublic = 'Origin';
