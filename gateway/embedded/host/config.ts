import { fileURLToPath } from 'node:url';
import { csv, flag, httpUrl, port, secret } from '@idp/config';
import { kafkaVariables } from '@idp/events';
import { kernelConfig, rateLimitsRule } from '@idp/service';
import { z } from 'zod';
import { gatewayVariables } from '../../edge/host/gateway-variables.ts';

const kernel = kernelConfig.shape;
const demoDirectory = fileURLToPath(new URL('../../../examples/catalog', import.meta.url));

/** Variables of the embedded host; those of the services stand in their `config.ts`. */
export const hostConfig = z
  .object({
    NODE_ENV: kernel.NODE_ENV,
    SERVICE_VERSION: kernel.SERVICE_VERSION,
    LOG_LEVEL: kernel.LOG_LEVEL,

    HOST: z.string().min(1).default('127.0.0.1'),
    PORT: port().default(8080),
    MANAGEMENT_PORT: port().default(9464),
    /** Default `http://localhost:<PORT>`. */
    PUBLIC_URL: httpUrl().optional(),
    PUBLIC_HOSTS: kernel.PUBLIC_HOSTS,
    TRUSTED_PROXIES: kernel.TRUSTED_PROXIES,
    ...gatewayVariables,
    /** Whether the documentation pages are served. */
    EXPOSE_DOCS: flag().default(true),

    /** Database, secrets and sockets. */
    IDP_DATA_DIR: z.string().default('.idp'),
    /** First owner. */
    IDP_ADMIN_EMAIL: z.string().default('owner@localhost'),
    /** Default: generated, printed once and kept in `IDP_DATA_DIR`/secrets/admin-password. */
    IDP_ADMIN_PASSWORD: secret().optional(),
    /** A login that may create roles and schemas; without it PostgreSQL is started in `IDP_DATA_DIR`. */
    DATABASE_URL: secret()
      .regex(/^postgres(ql)?:\/\/.+/, 'must be a postgres:// URL')
      .refine((text) => URL.canParse(text), 'must be a postgres:// URL')
      .optional(),
    DATABASE_ROLE_PREFIX: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,20}$/, 'must be lower-case letters, digits and _')
      .default('idp_'),

    /** False: without `examples/catalog`. */
    IDP_DEMO: flag().default(true),
    /** Watched folders; replaces `examples/catalog`. */
    CATALOG_DIRECTORIES: csv().optional(),
    /** Hosts and CIDR ranges a typed URL may reach beside public addresses. */
    EGRESS_ALLOW: kernel.EGRESS_ALLOW,

    ...kafkaVariables,
    /** Caches and rate limits; without it they are kept in memory. */
    REDIS_URL: kernel.REDIS_URL,
  })
  .refine(...rateLimitsRule);

export type HostConfig = z.output<typeof hostConfig>;

/** Folders the catalog watches. */
export function catalogDirectories(config: HostConfig): readonly string[] {
  return config.CATALOG_DIRECTORIES ?? (config.IDP_DEMO ? [demoDirectory] : []);
}
