import type { RouteFile } from '../../routing/route-schema.ts';
import { servicesOf, type EnvoySettings } from './placeholders.ts';

/** An installation whose services have the names Kubernetes would give them. */
export function exampleSettings(file: RouteFile): EnvoySettings {
  const endpoints = servicesOf(file).map((name) => [name, [{ host: name, port: 3000, managementPort: 9464 }]]);
  return {
    publicUrl: 'https://idp.example.org',
    publicHosts: [],
    trustedProxies: ['10.0.0.0/8'],
    allowedOrigins: ['https://portal.example.org'],
    listen: { host: '0.0.0.0', port: 8080 },
    adminPort: 9901,
    endpoints: {
      ...(Object.fromEntries(endpoints) as EnvoySettings['endpoints']),
      'edge-limits': [{ host: 'edge', port: 9465 }],
      'edge-authz': [{ host: 'edge', port: 9466 }],
      otel: [{ host: 'otel', port: 4318 }],
    },
    folder: '/etc/envoy',
  };
}
