export {
  defineService,
  type AnyService,
  type HostInfo,
  type ServiceDefinition,
  type ServicePlatform,
} from './define-service.ts';
export type { BackgroundRunner, BackgroundStatus, BackgroundTask } from './host/background.ts';
export type { DatabaseUrls, HostResources } from './host/resources.ts';
export { principalOf } from './http/guard.ts';
export type { IdempotencyRequest, RouteAccess, RoutePlugin, RouteSettings, ServiceTypeProvider } from './http/types.ts';
export { date, id, timestamp } from './input/ids.ts';
export { jsonLimits, type JsonLimits } from './input/json-limits.ts';
export { foldName, name, reservedSlugs, slug, text } from './input/text.ts';
export { envelope, errorSchema, metaSchema, pageEnvelope, pageMetaSchema } from './reply/envelope.ts';
