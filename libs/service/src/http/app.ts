import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Limiter } from '@idp/cache';
import type { Access, CredentialVerifier, PermissionManifest, TokenVerifier } from '@idp/auth';
import type { Logger, Metrics } from '@idp/telemetry';
import { parseQueryText } from '../input/query-text.ts';
import { compileValidator } from '../input/validator.ts';
import { installDescription, type Description } from '../openapi/description.ts';
import { createErrorReply } from '../reply/errors.ts';
import { createSerializerCompiler } from '../reply/serializer.ts';
import { arrivalOf, requestIdOf } from '../arrival/arrival.ts';
import { surfaceFault } from '../arrival/surface.ts';
import { createAuthenticate } from '../access/authenticate.ts';
import { noOrigins, type Origins } from '../access/origins.ts';
import { installBodyParser } from './body.ts';
import { createClientAddress } from '../arrival/client-address.ts';
import { createDeadlines } from './deadlines.ts';
import { installHooks, writeCommonHeaders } from './hooks.ts';
import { createHostList } from '../arrival/hosts.ts';
import { idempotencyRequest } from '../arrival/idempotency-key.ts';
import { createRequestMeter } from './measure.ts';
import { installNotFound } from './not-found.ts';
import { planRoute } from './route-plan.ts';
import { createHttpServer } from '../server/http-server.ts';
import type { RoutePlugin, ServiceTypeProvider } from './types.ts';

export interface HttpAppParts {
  description: Description;
  routes: readonly RoutePlugin[];
  manifest: PermissionManifest;
  verifier: CredentialVerifier;
  serviceVerifier: TokenVerifier;
  access: Access;
  limiter: Limiter;
  logger: Logger;
  metrics: Metrics;
  publicUrl: string;
  /** Origins of tenants; default none. */
  origins?: Origins;
  publicHosts: readonly string[];
  trustedProxies: readonly string[];
  deadlineMs: number;
  bodyLimit: number;
  environment: 'production' | 'development' | 'test';
  clock: () => Date;
}

/**
 * The Fastify instance of one service with the rules of the fleet in place; ready, not listening. A host listens with it or
 * hands requests over with `app.routing(req, res)`. Throws RouteError for a route without guard, schema or operationId.
 */
export async function createHttpApp(parts: HttpAppParts): Promise<FastifyInstance> {
  const { logger, metrics, origins = noOrigins } = parts;
  const replyWithError = createErrorReply({ logger });
  const deadlines = createDeadlines({ metrics });
  const hosts = createHostList(parts);
  const clientAddress = createClientAddress(parts.trustedProxies);
  const meter = createRequestMeter({ metrics, logger });
  const app = fastify({
    serverFactory: (handler) => createHttpServer({ handle: handler, onRejected: (reason) => meter.rejected(reason) }),
    // The server above answers broken requests itself.
    clientErrorHandler: () => undefined,
    loggerInstance: logger as FastifyBaseLogger,
    // Ids come from the operation context, so one logger serves all requests.
    childLoggerFactory: () => logger,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    requestIdHeader: false,
    bodyLimit: parts.bodyLimit,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { querystringParser: parseQueryText, maxParamLength: 1024 },
    frameworkErrors: (error, request, reply) => {
      // The router could not read the path, so no hook has run.
      request.operation = arrivalOf(request.raw, request.id, clientAddress);
      writeCommonHeaders(reply, request.id, undefined);
      replyWithError(surfaceFault(request.raw, hosts) ?? error, request, reply);
    },
  });
  decorate(app);
  app.decorate('idle', () => meter.idle());
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(createSerializerCompiler({ check: parts.environment === 'test' }));
  app.setErrorHandler((error, request, reply) => replyWithError(error, request, reply));
  installBodyParser(app);
  installHooks(app, {
    authenticate: createAuthenticate(parts),
    origins,
    hosts,
    clientAddress,
    deadlines,
    meter,
  });
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, plan: planRoute(route, parts) };
  });
  installNotFound(app, { reply404: replyWithError, origins });
  app.addHook('onClose', () => deadlines.stop());
  await installDescription(app, parts.description);
  for (const plugin of parts.routes) await app.withTypeProvider<ServiceTypeProvider>().register(plugin);
  await app.ready();
  return app;
}

function decorate(app: FastifyInstance): void {
  app.decorateRequest('operation');
  app.decorateRequest('principal');
  app.decorateRequest('rawBody');
  app.decorateRequest('idempotencyKey');
  app.decorateRequest('idempotency', {
    getter() {
      return idempotencyRequest(this);
    },
  });
  // Fastify's own signal knows the client's leaving only, not the deadline.
  app.decorateRequest('signal', {
    getter() {
      return this.operation.signal;
    },
  });
  app.decorateRequest('ip', {
    getter() {
      return this.operation.ip;
    },
  });
}
