import { z } from 'zod';
import { csv, durationMs, flag, httpUrl, integer, port, secret } from '@idp/config';
import { kafkaVariables } from '@idp/events';
import { serviceUrls } from './service-urls.ts';

const mebibyte = 1024 * 1024;

/** Arguments of `refine` for whoever has `RATE_LIMITS`. */
export const rateLimitsRule = [
  (values: { RATE_LIMITS: 'on' | 'off'; NODE_ENV: string }): boolean =>
    values.RATE_LIMITS === 'on' || values.NODE_ENV !== 'production',
  { path: ['RATE_LIMITS'], message: 'off is for load tests and refused with NODE_ENV=production' },
] satisfies [unknown, unknown];

/** Variables of every service that runs in a process of its own; a service's own stand in its `config.ts`. */
export const kernelConfig = z
  .object({
    NODE_ENV: z.enum(['production', 'development', 'test']).default('development'),
    SERVICE_VERSION: z.string().max(100).default('0.1.0'),
    LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),

    HOST: z.string().default('0.0.0.0'),
    PORT: port().default(8080),
    MANAGEMENT_PORT: port().default(9464),
    PUBLIC_URL: httpUrl().default('http://localhost:8080'),
    /** Hosts a request may name; entries without port are served on any. */
    PUBLIC_HOSTS: csv().default([]),
    /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
    TRUSTED_PROXIES: csv().default([]),
    BODY_LIMIT_BYTES: integer({ min: 1024, max: 100 * mebibyte }).default(mebibyte),
    DEADLINE_DEFAULT_MS: durationMs({ min: 100, max: 600_000 }).default(15_000),
    SHUTDOWN_TIMEOUT_MS: durationMs({ min: 1000, max: 600_000 }).default(25_000),

    DATABASE_URL: secret(),
    DATABASE_RELAY_URL: secret(),
    DATABASE_BUS_URL: secret().optional(),
    DATABASE_REPLICA_URL: secret().optional(),
    DATABASE_POOL_MAX: integer({ min: 1, max: 500 }).default(8),
    /** False behind a pooler that knows no prepared statements. */
    DATABASE_PREPARE: flag().default(true),

    /** Where the auth service is, for key and role look-ups; auth itself needs none. */
    AUTH_URL: httpUrl().optional(),
    /** Proves to auth which service this is; without it no API key is checked here and no revocation heard. */
    SERVICE_KEY_FILE: z.string().optional(),
    /** Where the other services are, for what this one asks of them. */
    SERVICE_URLS: serviceUrls().optional(),
    /** Key-encryption keys of the local provider; made at first start. */
    SECRETS_FILE: z.string().default('.idp/secrets/kek.json'),
    SECRETS_PROVIDER: z.literal('file', 'only the local key file is supported').default('file'),
    /** Shared by all replicas: list cursors of one are read by the others. */
    CURSOR_SECRET: secret().min(32),
    /** Mails without a server. */
    IDP_DATA_DIR: z.string().default('.idp'),
    EGRESS_ALLOW: csv().default([]),

    RATE_LIMITS: z.enum(['on', 'off']).default('on'),
    /** Changes of single limits, YAML or JSON, followed while the process runs: of the gateway, which alone reads it. */
    RATE_LIMITS_FILE: z.string().min(1).optional(),
    ...kafkaVariables,
    /** Caches, rate limits and wake-up hints of all processes; without it each keeps its own in memory. */
    REDIS_URL: secret()
      .regex(/^rediss?:\/\/./, 'must be a redis:// or rediss:// URL')
      .refine((text) => URL.canParse(text), 'must be a redis:// or rediss:// URL')
      .optional(),
    /** Processes of this service: while Redis is away each gives its part of every rate limit. */
    REPLICAS: integer({ min: 1, max: 1_000 }).default(1),
    OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl().optional(),
    TRACE_SAMPLING: z.enum(['head', 'tail']).default('head'),
  })
  .refine(...rateLimitsRule);

export type KernelConfig = z.output<typeof kernelConfig>;
