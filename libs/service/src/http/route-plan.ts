import type { RouteOptions } from 'fastify';
import { z } from 'zod';
import type { PermissionManifest } from '@idp/auth';
import { jsonLimits, type JsonLimits } from '../json/json-limits.ts';
import { errorSchema } from '../reply/envelope.ts';
import { RouteError, routeGuard, type RouteGuard } from '../access/guard.ts';
import type { RouteSettings } from './types.ts';

/** What the hooks need to know of a route, worked out once. */
export interface RoutePlan {
  guard: RouteGuard;
  /** Method and template, e.g. `GET /api/v1/services/:id`. */
  name: string;
  template: string;
  envelope: boolean;
  cacheControl: string;
  deadlineMs: number;
  slashInId: boolean;
  /** The method is meant to change something. */
  mutates: boolean;
  takesBody: boolean;
  keepsRawBody: boolean;
  takesIdempotencyKey: boolean;
  json: JsonLimits;
  bodyLimit: number;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    plan?: RoutePlan;
  }
}

type Schemas = Record<string, unknown> & { response?: Record<string, unknown> };

/**
 * Completes a route at registration: guard, strict query, description of errors. Throws RouteError where something is
 * missing that would otherwise be noticed in production.
 */
export function planRoute(
  route: RouteOptions,
  defaults: { manifest: PermissionManifest; deadlineMs: number; bodyLimit: number },
): RoutePlan {
  const method = Array.isArray(route.method) ? route.method.join('|') : String(route.method);
  const name = `${method} ${route.url}`;
  const settings: RouteSettings = route.config ?? {};
  const guard = routeGuard(name, settings, defaults.manifest);
  const schema = completeSchema(name, (route.schema ?? {}) as Schemas, settings);
  route.schema = schema;
  return {
    guard,
    name,
    template: route.url,
    envelope: settings.envelope !== false,
    cacheControl: settings.cacheControl ?? 'no-store',
    deadlineMs: settings.deadlineMs ?? defaults.deadlineMs,
    slashInId: settings.encodedSlash === true,
    mutates: !/^(?:GET|HEAD)/.test(method),
    takesBody: schema['body'] !== undefined,
    keepsRawBody: settings.rawBody === true,
    takesIdempotencyKey: method === 'POST' && guard.access !== 'public' && settings.idempotency !== 'none',
    json: settings.json === undefined ? jsonLimits : { ...jsonLimits, ...settings.json },
    bodyLimit: route.bodyLimit ?? defaults.bodyLimit,
  };
}

const noQuery = z.strictObject({});

function completeSchema(name: string, schema: Schemas, settings: RouteSettings): Schemas {
  const response = schema.response ?? {};
  const statuses = Object.keys(response);
  if (!statuses.some((status) => /^[23]/.test(status))) throw new RouteError(name, 'declares no schema for its answer');
  if (settings.internal !== true && schema['hide'] !== true && typeof schema['operationId'] !== 'string') {
    throw new RouteError(name, 'has no operationId');
  }
  return {
    ...schema,
    querystring: schema['querystring'] ?? noQuery,
    response: 'default' in response ? response : { ...response, default: errorSchema },
  };
}
