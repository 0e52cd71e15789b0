import { flag, httpUrl, port } from '@idp/config';
import { kafkaVariables } from '@idp/events';
import { kernelConfig, rateLimitsRule, serviceUrls } from '@idp/service';
import { z } from 'zod';
import { gatewayVariables } from './gateway-variables.ts';

const kernel = kernelConfig.shape;

/** Variables of the edge, the gateway's own process beside Envoy. It has no database. */
export const edgeConfig = z
  .object({
    NODE_ENV: kernel.NODE_ENV,
    SERVICE_VERSION: kernel.SERVICE_VERSION,
    LOG_LEVEL: kernel.LOG_LEVEL,

    HOST: kernel.HOST,
    PORT: kernel.PORT,
    MANAGEMENT_PORT: kernel.MANAGEMENT_PORT,
    /** Rate-limit service of Envoy (gRPC). */
    RATE_LIMIT_PORT: port().default(9465),
    /** Key check of Envoy (HTTP/2 without TLS). */
    AUTHZ_PORT: port().default(9466),
    PUBLIC_URL: kernel.PUBLIC_URL,
    PUBLIC_HOSTS: kernel.PUBLIC_HOSTS,
    TRUSTED_PROXIES: kernel.TRUSTED_PROXIES,
    SHUTDOWN_TIMEOUT_MS: kernel.SHUTDOWN_TIMEOUT_MS,
    ...gatewayVariables,
    /** Whether the documentation pages are served. */
    EXPOSE_DOCS: flag().default(false),

    AUTH_URL: httpUrl(),
    SERVICE_KEY_FILE: z.string().min(1),
    /** Where the services are. */
    SERVICE_URLS: serviceUrls(),
    /** Where their management ports are. Default: port 9464 of the host of each. */
    MANAGEMENT_URLS: serviceUrls().optional(),
    ...kafkaVariables,
    REDIS_URL: kernel.REDIS_URL,
    REPLICAS: kernel.REPLICAS,
    OTEL_EXPORTER_OTLP_ENDPOINT: kernel.OTEL_EXPORTER_OTLP_ENDPOINT,
  })
  .refine(...rateLimitsRule)
  .refine((values) => values.KAFKA_BROKERS !== undefined || values.NODE_ENV !== 'production', {
    path: ['KAFKA_BROKERS'],
    message: 'is required with NODE_ENV=production: revocations and plans come by events',
  });

export type EdgeConfig = z.output<typeof edgeConfig>;
