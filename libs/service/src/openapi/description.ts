import swagger from '@fastify/swagger';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ErrorCode } from '@idp/errors';
import { errorDefinition } from '@idp/errors';
import { createSchemaRegistry, registerComponents } from './schema-registry.ts';

/** What the OpenAPI document says about the service itself. */
export interface Description {
  title: string;
  description: string;
  version: string;
  /** Base address of the API. */
  serverUrl: string;
}

type JsonConfig = NonNullable<Parameters<typeof createJsonSchemaTransform>[0]['zodToJsonConfig']>;

// Formats say it shorter than the patterns zod adds to them; ids the kernel fills in have no default worth showing.
const jsonConfig: JsonConfig = {
  override({ zodSchema, jsonSchema }) {
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
    // Answers may grow members within a version; only strict schemas, those of input, are closed.
    if (zodSchema._zod.def.type === 'object' && !('catchall' in zodSchema._zod.def))
      delete jsonSchema.additionalProperties;
    if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
    if (zodSchema._zod.def.type === 'default' && isFilledIn(jsonSchema.default)) delete jsonSchema.default;
  },
};

function isFilledIn(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && 'requestId' in value);
}

/**
 * Collects the routes of a service for its OpenAPI 3.1 document, which is built when it is first asked for
 * (`app.swagger()`): most processes never need it. Registered before any route.
 */
export async function installDescription(app: FastifyInstance, about: Description): Promise<void> {
  const registry = createSchemaRegistry();
  const toJson = createJsonSchemaTransform({ schemaRegistry: registry, zodToJsonConfig: jsonConfig, skipList: [] });
  const components = createJsonSchemaTransformObject({ schemaRegistry: registry, zodToJsonConfig: jsonConfig });
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  let registered = false;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: about.title, description: about.description, version: about.version },
      servers: [{ url: about.serverUrl }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform(route) {
      if (!registered) {
        // Ids must be known before the first schema is converted, or it would be written out in full.
        registered = true;
        for (const { schema } of routes) registerComponents(registry, schema);
      }
      return toJson({ ...route, schema: describedSchema(route.route as RouteOptions, route.schema) as never });
    },
    transformObject: components,
  });
}

/** The schema of a route with what its configuration adds: security, permission, rate class and error codes. */
function describedSchema(route: RouteOptions, schema: unknown): Record<string, unknown> {
  const settings = route.config ?? {};
  const isPublic = settings.plan?.guard.access === 'public';
  const described: Record<string, unknown> = {
    ...(schema as Record<string, unknown>),
    security: isPublic ? [] : [{ bearer: [] }],
    'x-access': settings.permission === undefined ? settings.access : 'permission',
    'x-error-codes': errorCodesOf(route),
  };
  if (settings.permission !== undefined) described['x-permission'] = settings.permission;
  const stepUp = settings.plan?.guard.stepUp;
  if (stepUp !== undefined) described['x-step-up'] = stepUp;
  if (settings.rateClass !== undefined) described['x-rate-class'] = settings.rateClass;
  if (settings.internal === true) described['x-internal'] = true;
  if (isOwnDefault(described['response'])) described['response'] = withDefaultText(described['response']);
  // Shown only where something is taken: an empty object says nothing.
  if (isEmptyObject(described['querystring'])) delete described['querystring'];
  return described;
}

function errorCodesOf(route: RouteOptions): string[] {
  const { config, schema } = route;
  const codes = new Set<string>(['VALIDATION_ERROR', 'NOT_FOUND', 'INTERNAL_ERROR', 'UNAVAILABLE', 'TIMEOUT']);
  if (config?.plan?.guard.access !== 'public') for (const code of ['AUTH_REQUIRED', 'INVALID_TOKEN']) codes.add(code);
  if (config?.permission !== undefined) codes.add('PERMISSION_DENIED');
  if (config?.plan?.guard.stepUp !== undefined) codes.add('STEP_UP_REQUIRED');
  if (schema?.body !== undefined) for (const code of ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']) codes.add(code);
  if (config?.plan?.takesIdempotencyKey === true) {
    for (const code of ['IDEMPOTENCY_IN_PROGRESS', 'IDEMPOTENCY_KEY_REUSED']) codes.add(code);
  }
  for (const code of config?.errors ?? []) codes.add(code);
  return [...codes].sort((a, b) => statusOf(a) - statusOf(b) || (a < b ? -1 : 1));
}

function statusOf(code: string): number {
  return errorDefinition(code as ErrorCode)?.status ?? 0;
}

function isOwnDefault(response: unknown): response is Record<string, unknown> {
  return typeof response === 'object' && response !== null && 'default' in response;
}

function withDefaultText(response: Record<string, unknown>): Record<string, unknown> {
  const error = response['default'];
  if (!(error instanceof z.core.$ZodType)) return response;
  const content = { 'application/json': { schema: error } };
  return { ...response, default: { description: 'Error: see x-error-codes', content } };
}

function isEmptyObject(schema: unknown): boolean {
  if (!(schema instanceof z.core.$ZodType) || schema._zod.def.type !== 'object') return false;
  return Object.keys((schema._zod.def as unknown as { shape: object }).shape).length === 0;
}
