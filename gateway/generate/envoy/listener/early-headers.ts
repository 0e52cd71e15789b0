import { extension, type Data } from '../any.ts';

/** Beginnings of names that only we may set. */
const reservedPrefixes = ['x-idp-', 'x-tenant-', 'x-user-', 'x-workload-', 'x-envoy-', 'x-ext-auth-'];
const reserved = [
  'x-on-behalf-of',
  'x-forwarded-client-cert',
  'x-client-address',
  'baggage',
  'x-error-code',
  'x-trace-id',
  'x-request-deadline-ms',
  'te',
];
const forwarding = ['forwarded', 'x-real-ip'];

/** Removes what a client may not say before anything looks at the request; what proxies say stays where the peer is a trusted one. */
export function earlyHeaders({ trustedPeer }: { trustedPeer: boolean }): Data {
  const prefixes = trustedPeer ? reservedPrefixes : [...reservedPrefixes, 'x-forwarded-'];
  const names = trustedPeer ? reserved : [...reserved, ...forwarding];
  return extension('hygiene', 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
    mutations: [
      ...prefixes.map((prefix) => ({ remove_on_match: { key_matcher: { prefix, ignore_case: true } } })),
      ...names.map((name) => ({ remove: name })),
    ],
  });
}
