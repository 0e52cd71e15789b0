import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  status,
  type Metadata,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { toWire } from '@idp/errors';
import { parseTraceparent, type Logger } from '@idp/telemetry';
import { backstageBodyOf, envelopeOf } from '../../embedded/pipeline/answer.ts';
import type { RateLimits } from '../../limits/rate-limits.ts';
import { describedRequest, type EnvoyRateRequest } from './rated-request.ts';

/** The rate-limit service of Envoy. */
export interface RateLimitServer {
  readonly port: number;
  /** Lets calls in flight end for at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

interface EnvoyRateResponse {
  overall_code: 'OK' | 'OVER_LIMIT';
  response_headers_to_add: { key: string; value: string }[];
  raw_body?: Buffer;
}

const domain = 'idp';
const root = fileURLToPath(new URL('../../../proto', import.meta.url));
const file = 'envoy/service/ratelimit/v3/rls.proto';
const serviceName = 'envoy.service.ratelimit.v3.RateLimitService';

/**
 * Serves `ShouldRateLimit` on a port of its own: answers with the headers of the limits, and for a request over them with the whole body.
 * Rejects with the system's error for a taken port.
 */
export async function startRateLimitServer(options: {
  host: string;
  port: number;
  limits: RateLimits;
  logger: Pick<Logger, 'error'>;
}): Promise<RateLimitServer> {
  const { host, port, limits, logger } = options;
  const server = new Server();
  type Call = ServerUnaryCall<EnvoyRateRequest, EnvoyRateResponse>;
  server.addService(loadService(), {
    ShouldRateLimit({ request, metadata }: Call, answer: sendUnaryData<EnvoyRateResponse>) {
      if (request.domain !== domain) {
        answer({ code: status.INVALID_ARGUMENT, details: `the domain is ${domain}` });
        return;
      }
      decide(limits, request, metadata).then(
        (decided) => answer(null, decided),
        (error: unknown) => {
          logger.error({ err: error }, 'a rate limit could not be decided');
          answer({ code: status.INTERNAL, details: 'not decided' });
        },
      );
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      `${host.includes(':') ? `[${host}]` : host}:${port}`,
      ServerCredentials.createInsecure(),
      (error, at) => (error === null ? resolve(at) : reject(error)),
    );
  });
  return {
    port: bound,
    async close(deadlineMs) {
      const timer = setTimeout(() => server.forceShutdown(), deadlineMs);
      await new Promise<void>((resolve) => {
        server.tryShutdown(() => resolve());
      });
      clearTimeout(timer);
    },
  };
}

function loadService(): ServiceDefinition {
  const definition = loadSync(file, { includeDirs: [root], keepCase: true, enums: String, defaults: true });
  return definition[serviceName] as ServiceDefinition;
}

async function decide(limits: RateLimits, request: EnvoyRateRequest, metadata: Metadata): Promise<EnvoyRateResponse> {
  const { rated, backstage } = describedRequest(request);
  const verdict = await limits.take(rated);
  const headers = verdict?.headers ?? {};
  if (verdict?.refusal === undefined) return { overall_code: 'OK', response_headers_to_add: listed(headers) };
  const wire = toWire(verdict.refusal);
  const ids = {
    requestId: textOf(metadata, 'x-request-id') ?? null,
    traceId: parseTraceparent(textOf(metadata, 'traceparent'))?.traceId ?? null,
  };
  const body = backstage === undefined ? envelopeOf(wire, ids) : backstageBodyOf(wire, backstage);
  const all = {
    ...headers,
    ...wire.headers,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  };
  return { overall_code: 'OVER_LIMIT', response_headers_to_add: listed(all), raw_body: Buffer.from(body) };
}

function listed(headers: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(headers).map(([key, value]) => ({ key, value }));
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
