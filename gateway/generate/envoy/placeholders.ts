import type { RouteFile } from '../../routing/route-schema.ts';

/** What a template does not know. Each stands for one whole value, which the renderer writes as JSON. */
export const placeholder = {
  adminPort: '${ADMIN_PORT}',
  listenAddress: '${LISTEN_ADDRESS}',
  listenPort: '${LISTEN_PORT}',
  issuer: '${ISSUER}',
  audience: '${AUDIENCE}',
  accessCookie: '${ACCESS_COOKIE}',
  domains: '${PUBLIC_DOMAINS}',
  trustedProxies: '${TRUSTED_PROXIES}',
  allowedOrigins: '${ALLOWED_ORIGINS}',
  sampledPercent: '${SAMPLED_PERCENT}',
  limitsTimeout: '${LIMITS_TIMEOUT}',
  keysTimeout: '${KEYS_TIMEOUT}',
  folder: '${FOLDER}',
  listenersFile: '${LISTENERS_FILE}',
  clustersFile: '${CLUSTERS_FILE}',
  routesFile: '${ROUTES_FILE}',
} as const;

/** The placeholder for where a cluster is reached. */
export function endpointsOf(cluster: string): string {
  return `\${${endpointsName(cluster)}}`;
}

function endpointsName(cluster: string): string {
  return `${cluster.toUpperCase().replaceAll('-', '_')}_ENDPOINTS`;
}

export interface Endpoint {
  host: string;
  port: number;
  /** Port that answers `/readyz`. Default: `port`. */
  managementPort?: number;
}

/** What one installation has to say. */
export interface EnvoySettings {
  /** Where clients reach the gateway: issuer of its tokens, one of its hosts, and the prefix of its cookies. */
  publicUrl: string;
  /** Further names in `Host`, without a port: served on any. */
  publicHosts: readonly string[];
  /** Addresses and CIDR ranges whose forwarding headers are believed. */
  trustedProxies: readonly string[];
  /** Origins of pages that may read the gateway's own errors. */
  allowedOrigins: readonly string[];
  listen: { host: string; port: number };
  adminPort: number;
  /** By cluster (`clusterNames`); one without endpoints is one that is away. */
  endpoints: Readonly<Record<string, readonly Endpoint[]>>;
  /** Where the filled files are: what Envoy reads. */
  folder: string;
  /** Percent of new traces that are sent to the cluster `otel`. */
  sampledPercent?: number;
  /** How long the edge may take. Default: 50 ms for a rate limit, which nobody is then held to; 2 s for a key, which is then 503. */
  patience?: { limitsMs: number; keysMs: number };
}

/** Clusters beside the services: the edge's two servers for Envoy alone, and the collector of traces. */
export const innerClusters = { limits: 'edge-limits', authz: 'edge-authz', traces: 'otel' } as const;

/** Names of the services in these routes, `edge` among them. */
export function servicesOf({ routes }: RouteFile): string[] {
  return [...new Set([...routes.map(({ service }) => service), 'auth', 'edge'])].toSorted();
}

/** The value of every placeholder. */
export function valuesOf(file: RouteFile, settings: EnvoySettings): Record<string, unknown> {
  const { publicUrl, folder, endpoints, listen, adminPort, trustedProxies, allowedOrigins, sampledPercent } = settings;
  const { patience = { limitsMs: 50, keysMs: 2_000 } } = settings;
  const clusters = [...servicesOf(file), ...Object.values(innerClusters)];
  return {
    ADMIN_PORT: adminPort,
    LISTEN_ADDRESS: listen.host,
    LISTEN_PORT: listen.port,
    ISSUER: publicUrl,
    AUDIENCE: `${publicUrl}/api`,
    ACCESS_COOKIE: publicUrl.startsWith('https:') ? '__Host-idp_at' : 'idp_at',
    PUBLIC_DOMAINS: domainsOf(settings),
    TRUSTED_PROXIES: trustedProxies.length === 0 ? [nobody] : trustedProxies.map(rangeOf),
    ALLOWED_ORIGINS: allowedOrigins,
    SAMPLED_PERCENT: sampledPercent ?? 0,
    LIMITS_TIMEOUT: `${patience.limitsMs / 1000}s`,
    KEYS_TIMEOUT: `${patience.keysMs / 1000}s`,
    FOLDER: folder,
    LISTENERS_FILE: `${folder}/lds.yaml`,
    CLUSTERS_FILE: `${folder}/cds.yaml`,
    ROUTES_FILE: `${folder}/rds.yaml`,
    ...Object.fromEntries(clusters.map((name) => [endpointsName(name), (endpoints[name] ?? []).map(lbEndpoint)])),
  };
}

/** An empty list would match every peer: this range holds nobody. */
const nobody = { address_prefix: '255.255.255.255', prefix_len: 32 };

function rangeOf(text: string): object {
  const [address = '', bits] = text.split('/');
  const whole = address.includes(':') ? 128 : 32;
  return { address_prefix: address, prefix_len: bits === undefined ? whole : Number(bits) };
}

/** As in every service: the public host as it is written, listed ones and those of this machine with any port. */
function domainsOf({ publicUrl, publicHosts }: EnvoySettings): string[] {
  const anyPort = [...publicHosts, 'localhost', '127.0.0.1', '[::1]'].map((host) => host.toLowerCase());
  const domains = [new URL(publicUrl).host, ...anyPort.flatMap((host) => [host, `${host}:*`])];
  return [...new Set(domains)];
}

function lbEndpoint({ host, port, managementPort = port }: Endpoint): object {
  const address = { socket_address: { address: host, port_value: port } };
  return { endpoint: { address, health_check_config: { port_value: managementPort } } };
}
