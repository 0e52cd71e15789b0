import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { AppError, ValidationError } from '@idp/errors';
import { nameRoute, runInContext } from '@idp/telemetry';
import { securityHeaders, varyAuthenticated, varyPublic } from '../reply/headers.ts';
import { admitOrigin } from '../reply/cors.ts';
import { arrivalOf } from '../arrival/arrival.ts';
import type { Authenticate } from '../access/authenticate.ts';
import type { Origins } from '../access/origins.ts';
import { bodyFault, isSmallBody } from './body.ts';
import type { ClientAddress } from '../arrival/client-address.ts';
import { takeContinue } from '../server/continue.ts';
import { headerDeadlineMs, type Deadlines } from './deadlines.ts';
import type { HostList } from '../arrival/hosts.ts';
import { idempotencyKeyOf } from '../arrival/idempotency-key.ts';
import type { RequestMeter } from './measure.ts';
import { deadlineExceeded } from './operation.ts';
import type { RoutePlan } from './route-plan.ts';
import { pathFault, surfaceFault } from '../arrival/surface.ts';

export interface HookParts {
  authenticate: Authenticate;
  origins: Origins;
  hosts: HostList;
  clientAddress: ClientAddress;
  deadlines: Deadlines;
  meter: RequestMeter;
}

const requestKey = Symbol('request of a response');
type MeasuredResponse = ServerResponse & { [requestKey]?: FastifyRequest };

/**
 * The hooks every request passes, in plain callback style and without closures of their own: together they may cost
 * 12 µs a request.
 */
export function installHooks(app: FastifyInstance, parts: HookParts): void {
  const onClose = createCloseListener(parts);

  app.addHook('onRequest', function arrive(request, reply, done) {
    const operation = arrivalOf(request.raw, request.id, parts.clientAddress);
    request.operation = operation;
    parts.meter.started();
    const response: MeasuredResponse = reply.raw;
    response[requestKey] = request;
    response.on('close', onClose);
    const { plan } = request.routeOptions.config;
    operation.plan = plan;
    if (plan !== undefined) nameRoute(request.method, plan.template);
    writeCommonHeaders(reply, operation.requestId, plan);
    const fault = arrivalFault(request, reply, plan, parts);
    if (fault !== undefined) {
      closeUnread(request, reply);
      return done(fault);
    }
    if (plan === undefined || plan.guard.access === 'public') {
      admitOrigin(request, reply, parts.origins);
      return runInContext(operation, admit, request, reply, done);
    }
    runInContext(operation, enter, request, reply, plan, done);
  });

  function enter(request: FastifyRequest, reply: FastifyReply, plan: RoutePlan, done: HookHandlerDoneFunction): void {
    // oxlint-disable promise/no-callback-in-promise -- an async hook would cost every request a promise more
    parts.authenticate(request, plan.guard).then(
      () => {
        admitOrigin(request, reply, parts.origins);
        admit(request, reply, done);
      },
      (error: Error) => {
        admitOrigin(request, reply, parts.origins);
        closeUnread(request, reply);
        done(error);
      },
    );
    // oxlint-enable promise/no-callback-in-promise
  }

  // The body arrived in the context of its socket; the handler must run in that of its request.
  app.addHook('preValidation', function enterContext(request, _reply, done) {
    if (request.body === undefined) done();
    else runInContext(request.operation, done);
  });

  app.addHook('preSerialization', function addIds(request, _reply, payload, done) {
    const { plan, requestId, traceId } = request.operation;
    if (plan === undefined || !plan.envelope || !isEnvelope(payload)) return done(null, payload);
    done(null, { data: payload.data, meta: { ...payload.meta, requestId, traceId } });
  });
}

function isEnvelope(payload: unknown): payload is { data: unknown; meta?: object } {
  return typeof payload === 'object' && payload !== null && 'data' in payload;
}

/** Headers of every answer, errors included; `plan` is undefined where no route matched. */
export function writeCommonHeaders(reply: FastifyReply, requestId: string, plan: RoutePlan | undefined): void {
  reply.headers(securityHeaders as Record<string, string>);
  reply.header('x-request-id', requestId);
  reply.header('cache-control', plan?.cacheControl ?? 'no-store');
  reply.header('vary', plan === undefined || plan.guard.access === 'public' ? varyPublic : varyAuthenticated);
}

function arrivalFault(
  request: FastifyRequest,
  reply: FastifyReply,
  plan: RoutePlan | undefined,
  parts: HookParts,
): AppError | undefined {
  const req = request.raw;
  const fault = surfaceFault(req, parts.hosts) ?? pathFault(req.url!, plan?.template, plan?.slashInId === true);
  if (fault !== undefined) {
    parts.meter.rejected(fault.code);
    return fault;
  }
  if (plan === undefined) return undefined;
  return keyFault(request, plan) ?? bodyFault(req, plan) ?? startDeadline(request, reply, plan, parts.deadlines);
}

function keyFault(request: FastifyRequest, plan: RoutePlan): ValidationError | undefined {
  if (!plan.takesIdempotencyKey || request.headers['idempotency-key'] === undefined) return undefined;
  request.idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
  if (request.idempotencyKey !== undefined) return undefined;
  return new ValidationError('Idempotency-Key must be 1 to 255 visible ASCII characters');
}

function startDeadline(
  request: FastifyRequest,
  reply: FastifyReply,
  plan: RoutePlan,
  deadlines: Deadlines,
): AppError | undefined {
  const asked = headerDeadlineMs(request.headers['x-request-deadline-ms']);
  if (asked === 0) {
    deadlines.exceeded('arrival');
    return deadlineExceeded();
  }
  const allowed = plan.deadlineMs === 0 ? Infinity : plan.deadlineMs;
  const deadlineMs = asked === undefined ? allowed : Math.min(asked, allowed);
  if (deadlineMs === Infinity) return undefined;
  request.operation.deadlineAt = request.operation.startedAt + deadlineMs;
  deadlines.watch(request.operation, reply);
  return undefined;
}

/** The request may go on to its body: a client that waits for leave to send it gets it now. */
function admit(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
  takeContinue(request.raw, reply.raw);
  done();
}

/** An answer before the body was read ends the connection, unless the rest is short enough to be read and dropped. */
function closeUnread(request: FastifyRequest, reply: FastifyReply): void {
  if (!isSmallBody(request)) reply.header('connection', 'close');
}

function createCloseListener({ deadlines, meter }: HookParts) {
  return function onClose(this: MeasuredResponse): void {
    const request = this[requestKey]!;
    const { operation } = request;
    const { plan } = operation;
    deadlines.release(operation);
    const aborted = !this.writableFinished;
    if (aborted) operation.abort(new AppError('REQUEST_TIMEOUT', 'the client has gone'));
    meter.finished({
      operation,
      method: request.method,
      route: plan?.template ?? 'unmatched',
      status: aborted && !this.headersSent ? 499 : this.statusCode,
      aborted,
      bytesIn: Number(request.raw.headers['content-length'] ?? 0),
    });
  };
}
