import { z } from 'zod';
import { rateClasses } from '../limits/rate-table.ts';

/** Literal segments and, in templates, `{name}` for one whole segment. Matched byte for byte. */
const path = z.string().regex(/^(\/([A-Za-z0-9._-]+|\{[a-zA-Z]+\}))+$/, 'must be segments without a trailing slash');

const route = z.strictObject({
  /** Names the entry in logs, metrics and error messages. */
  id: z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/),
  /** The service that answers: its name in `defineService`, or `edge` for the gateway's own endpoints. */
  service: z.string().min(1),
  path,
  /** `prefix` covers the path itself and everything below it. */
  match: z.enum(['exact', 'template', 'prefix']).default('prefix'),
  /** Methods served; absent = the service decides. */
  methods: z.array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])).optional(),
  /** `required` is refused without a credential; with `optional` and `public` the service decides. A bad credential on `optional` is refused. */
  auth: z.enum(['required', 'optional', 'public']).default('required'),
  /** Kinds of credential the gateway checks here. */
  credentials: z.array(z.enum(['jwt'])).default(['jwt']),
  /** Which rate limits apply; shown in the documentation. */
  rateClass: z.enum(rateClasses).default('api'),
  timeoutMs: z.int().min(100).max(600_000).default(15_000),
  bodyMaxBytes: z
    .int()
    .min(0)
    .max(256 * 1024 * 1024)
    .default(1024 * 1024),
  stream: z.enum(['sse', 'ndjson', 'websocket', 'upload', 'download']).optional(),
  /** `idempotent`: what may be repeated is tried a second time when the service cannot be reached (Envoy alone). */
  retry: z.enum(['idempotent', 'none']).default('idempotent'),
  /** Backstage's form of errors, and no API versions. */
  backstage: z.boolean().default(false),
  /** Served under `/api/v2` only. */
  beta: z.boolean().default(false),
  /** RFC 9745 and RFC 8594: dates of deprecation and of the end, and the path that replaces it. */
  deprecation: z.strictObject({ since: z.iso.date(), sunset: z.iso.date(), successor: path }).optional(),
  /** After its sunset: answers 410 and names its successor. */
  gone: z.boolean().default(false),
});

const alias = z.strictObject({
  from: path,
  to: path,
  /** `prefix` also maps everything below `from` to the same below `to`. */
  match: z.enum(['exact', 'prefix']).default('exact'),
});

export const routeFile = z
  .strictObject({ routes: z.array(route).max(2000), aliases: z.array(alias).max(200) })
  .superRefine((file, ctx) => {
    for (const problem of [...duplicates(file), ...misfits(file)]) ctx.addIssue({ code: 'custom', message: problem });
  });

export type RouteFile = z.output<typeof routeFile>;
export type RouteFileInput = z.input<typeof routeFile>;
export type Route = RouteFile['routes'][number];
export type Alias = RouteFile['aliases'][number];

function duplicates({ routes, aliases }: { routes: Route[]; aliases: Alias[] }): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const claim = (key: string, id: string) => {
    const other = seen.get(key);
    if (other !== undefined) problems.push(`${id} and ${other} claim the same: ${key}`);
    else seen.set(key, id);
  };
  for (const entry of routes) {
    claim(`id ${entry.id}`, entry.id);
    claim(`${entry.match === 'prefix' ? 'prefix' : 'path'} ${entry.path.replaceAll(/\{\w+\}/g, '{}')}`, entry.id);
  }
  for (const entry of aliases) claim(`alias ${entry.from}`, entry.from);
  return problems;
}

/** Paths no route may open: they belong to the management port or to calls between services. */
const closed = /^\/(healthz|readyz|startupz|metrics|info|internal)(\/|$)/;

function misfits({ routes, aliases }: { routes: Route[]; aliases: Alias[] }): string[] {
  const problems: string[] = [];
  for (const entry of routes) {
    if (entry.path.includes('{') !== (entry.match === 'template')) problems.push(`${entry.id}: only templates hold {}`);
    if (closed.test(entry.path)) problems.push(`${entry.id}: ${entry.path} is not for the gateway`);
    if (/^\/api(\/v\d+)?$/.test(entry.path)) problems.push(`${entry.id}: ${entry.path} is all of a version`);
    if (entry.beta !== entry.path.startsWith('/api/v2/')) problems.push(`${entry.id}: beta and /api/v2 go together`);
    const sunset = entry.deprecation && Date.parse(entry.deprecation.sunset);
    if (sunset !== undefined && sunset < Date.now() && !entry.gone)
      problems.push(`${entry.id}: past its sunset and still served`);
  }
  for (const entry of aliases) {
    if (entry.from.includes('{') || entry.to.includes('{')) problems.push(`${entry.from}: aliases hold no {}`);
  }
  return problems;
}
