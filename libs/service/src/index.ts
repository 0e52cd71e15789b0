export {
  defineService,
  type AnyService,
  type HostInfo,
  type ServiceDefinition,
  type ServicePlatform,
} from './define-service.ts';
export type { BackgroundRunner, BackgroundStatus, BackgroundTask } from './host/background.ts';
export type { DatabaseUrls, HostResources } from './host/resources.ts';
export { credentialOf } from './access/credential.ts';
export { csrfDigest, requireCsrfToken, requireOwnOrigin } from './access/csrf.ts';
export { principalOf } from './access/guard.ts';
export { stepUpRequired } from './access/step-up.ts';
export { exposedHeaders } from './reply/cors.ts';
export { readSessionCookie, sessionCookieNames, type SessionCookieNames } from './access/session-cookies.ts';
export { handOverPrincipal } from './access/handed-over.ts';
export type { RouteAccess, RoutePlugin, RouteSettings, ServiceTypeProvider } from './http/types.ts';
export { date, id, timestamp } from './input/ids.ts';
export { jsonLimits, type JsonLimits } from './json/json-limits.ts';
export { foldName, name, reservedSlugs, slug, text } from './input/text.ts';
export { envelope, errorSchema, metaSchema, pageEnvelope, pageMetaSchema } from './reply/envelope.ts';
export { runService } from './host/run-service.ts';
export { reportState } from './host/report-state.ts';
export { failStart, superviseProcess } from './host/supervise-process.ts';
export { readServiceKey } from './host/service-key.ts';
export { followAccess, type FollowedAccess } from './replica/follow-access.ts';
export { startService, type RunningService } from './host/start-service.ts';
export { startManagement, type ManagementServer, type ManagementSource } from './host/management.ts';
export type { Health, HealthCheck } from './host/health.ts';
export { logRedis, openSharedState, redisEndpoints, shareWakeSignal } from './host/shared-state.ts';
export { kernelConfig, rateLimitsRule, type KernelConfig } from './host/kernel-config.ts';
export { serviceUrls } from './host/service-urls.ts';
export { migrationSourcesOf, type ServiceSchema } from './host/migration-sources.ts';
export { activeTenants, type PreparedTenant } from './tenants/list-tenants.ts';
export { eraseQueue, eraseQueueAddress } from './tenants/erase-queue.ts';
export type { PrepareTenant } from './tenants/tenant-consumer.ts';
export type { TenantOfService } from './tenants/tenant-states.ts';
export { clientAddress, createTrustedProxies, type TrustedProxies } from './arrival/client-address.ts';
export { clientNetworkOf } from './arrival/client-network.ts';
export { requestIdOf } from './arrival/arrival.ts';
export { createHostList, type HostList } from './arrival/hosts.ts';
export { createHttpServer, type HttpServerOptions } from './server/http-server.ts';
export { lingerOnUnreadBodies } from './server/linger.ts';
export { readOverlongHead } from './server/overlong-head.ts';
export { RouteError } from './access/guard.ts';
export { backstageErrorSchema } from './backstage/error-schema.ts';
export { backstageMount } from './backstage/mount.ts';
export type { ResourceSource } from './resources/resource-source.ts';
export { cursor, limit, listQuery, pageQuery, sort } from './input/list-query.ts';
export { isUnchanged, requireMatch } from './reply/conditional.ts';
export { idempotentWrite, type IdempotentWriteOptions, type WriteAnswer } from './reply/idempotent-write.ts';
