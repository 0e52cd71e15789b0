import { join } from 'node:path';
import type { Access, AccessStore } from '@idp/auth';
import type { Database } from '@idp/database';
import type { Secrets } from '@idp/secrets';
import type { ResourceSource, ServicePlatform } from '@idp/service';
import { createMailer, type Mailer } from './adapters/mailer.ts';
import { createCatalogues, type Catalogues } from './access/catalogue.ts';
import { createPublishedHeads, type PublishedHeads } from './access/published.ts';
import { createRevocations, type Revocations } from './access/revocations.ts';
import { createAccessSnapshot, type AccessSnapshot } from './access/snapshot.ts';
import { createAuditMetrics, type AuditMetrics } from './audit/metrics.ts';
import { createWaker, type Waker } from './audit/waker.ts';
import type { Logger } from '@idp/telemetry';
import type { AuthConfig } from './config.ts';
import { createThrottledAnnouncer } from './operations/credentials/announce-throttled.ts';
import type { SessionLife } from './domain/session-life.ts';
import { createVerificationKeySet, type VerificationKeySet } from './keys/verification-keys.ts';
import { createLoginMetrics, type LoginMetrics } from './login-metrics.ts';
import { createCommonPasswords, type CommonPasswords } from './passwords/common-passwords.ts';
import { createPasswordHasher, type PasswordHasher } from './passwords/password-hasher.ts';
import type { Tables } from './store/tables.ts';
import { createKnownDevices, type KnownDevices } from './throttling/known-device.ts';
import { createLeakReportLimit, type LeakReportLimit } from './throttling/leak-report-limit.ts';
import { createLoginThrottle, type LoginThrottle } from './throttling/login-throttle.ts';
import { createSetupThrottle, type SetupThrottle } from './throttling/setup-throttle.ts';
import { createAccessTokens, type AccessTokens } from './tokens/access-tokens.ts';
import { createServiceTokens, readServiceKeys, type ServiceTokens } from './tokens/service-tokens.ts';
import { loadSigningKeys, type SigningKeys } from './tokens/signing-keys.ts';

/** What operations and handlers need. */
export interface AuthContext {
  database: Database<Tables>;
  secrets: Secrets;
  clock: () => Date;
  passwords: PasswordHasher;
  commonPasswords: CommonPasswords;
  signingKeys: SigningKeys;
  accessTokens: AccessTokens;
  sessionLife: SessionLife;
  /** What every change of access is compiled into. */
  access: { snapshot: AccessSnapshot };
  /** Access of all tenants as this process knows it. */
  accessStore: AccessStore;
  /** Keys of heads and revocations. */
  accessKeys: VerificationKeySet;
  /** Heads of the snapshot that lie on the bus. */
  published: PublishedHeads;
  /** Sends a liveness record past the outbox. */
  beat: ServicePlatform['beat'];
  background: ServicePlatform['background'];
  /** What all services let be decided. */
  catalogues: Catalogues;
  /** Decides what the route's own permission does not. */
  decisions: Access;
  /** Tells every process what must not be accepted any more. */
  revocations: Revocations;
  mailer: Mailer;
  throttle: LoginThrottle;
  leakReportLimit: LeakReportLimit;
  setupThrottle: SetupThrottle;
  knownDevices: KnownDevices;
  /** Tokens of services for services. */
  serviceTokens: ServiceTokens;
  /** What a service says of its objects. */
  resourcesOf(service: string): ResourceSource;
  metrics: LoginMetrics;
  auditKeys: VerificationKeySet;
  /** Wakes the sealer of this process. */
  auditArrivals: Waker;
  auditMetrics: AuditMetrics;
  logger: Logger;
  /** Where clients reach the platform. */
  publicUrl: string;
  /** First owner and tenant, for a start that finds none. */
  setup: Pick<AuthConfig, 'IDP_ADMIN_EMAIL' | 'IDP_ADMIN_PASSWORD' | 'IDP_TENANT'>;
}

export async function createAuthContext(platform: ServicePlatform<AuthConfig>): Promise<AuthContext> {
  const { config, secrets, clock, host } = platform;
  const database: Database<Tables> = platform.database;
  const accessKeys = createVerificationKeySet({ database, secrets, use: 'access', clock });
  const catalogues = createCatalogues();
  // Held in memory: changes sign inside their transactions.
  await accessKeys.signer();
  const signer = accessKeys.held;
  const revocations = createRevocations({ signer, clock });
  const signingKeys = await loadSigningKeys({ database, secrets, clock, revocations });
  const snapshot = createAccessSnapshot({
    signer,
    compile: (text, permission) => catalogues.latest().compile(text, permission),
    logger: platform.logger,
  });
  const serviceTokens = createServiceTokens({
    publicUrl: host.publicUrl,
    keys: await readServiceKeys(config.SERVICE_KEYS_FILE),
    signingKey: () => signingKeys.active(),
    clock,
  });
  return {
    database,
    secrets,
    clock,
    passwords: createPasswordHasher({
      parameters: { memoryKib: config.ARGON2_MEMORY_KIB, passes: config.ARGON2_PASSES, lanes: config.ARGON2_LANES },
      // Signing, verifying and name look-ups share the thread pool: one thread stays free of hashes.
      concurrency: Math.max(1, Math.min(config.HASH_CONCURRENCY, config.UV_THREADPOOL_SIZE - 1)),
      queue: config.HASH_QUEUE,
      metrics: platform.metrics,
    }),
    commonPasswords: createCommonPasswords(),
    signingKeys,
    accessTokens: createAccessTokens({
      publicUrl: host.publicUrl,
      lifetimeSeconds: config.JWT_EXPIRES_IN,
      signingKey: () => signingKeys.active(),
      clock,
    }),
    sessionLife: { idleSeconds: config.REFRESH_TOKEN_EXPIRES_IN, maxSeconds: config.SESSION_MAX_AGE },
    access: { snapshot },
    accessStore: snapshot.store,
    accessKeys,
    published: createPublishedHeads(),
    beat: platform.beat,
    background: platform.background,
    catalogues,
    decisions: platform.access,
    revocations,
    mailer: createMailer({
      ...(config.SMTP_URL !== undefined && { url: config.SMTP_URL }),
      from: config.MAIL_FROM,
      directory: join(host.dataDirectory ?? '.idp', 'mail'),
    }),
    throttle: createLoginThrottle({
      limiter: platform.limiter,
      secrets,
      tell: createThrottledAnnouncer({ database, secrets, clock, logger: platform.logger }),
    }),
    leakReportLimit: createLeakReportLimit(platform),
    setupThrottle: createSetupThrottle(platform),
    knownDevices: createKnownDevices({ secrets, clock }),
    serviceTokens,
    resourcesOf: (service) => platform.resourcesOf(service, () => serviceTokens.own(`idp:${service}`)),
    metrics: createLoginMetrics(platform.metrics),
    auditKeys: createVerificationKeySet({ database, secrets, use: 'audit', clock }),
    auditArrivals: createWaker(),
    auditMetrics: createAuditMetrics(platform.metrics),
    logger: platform.logger,
    publicUrl: host.publicUrl,
    setup: config,
  };
}
