import type { AccessPort, PermissionManifest } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import { isDeclaring } from './publish-manifest.ts';

/**
 * Resolves when the system roles, as this process has them, speak of every permission of the service: until then nobody would be allowed
 * what a release has just brought. At once for a service whose permissions auth does not hear of.
 */
export function permitted(
  service: string,
  manifest: PermissionManifest,
  port: Pick<AccessPort, 'world' | 'onAdvanced' | 'load'>,
): Promise<void> {
  const names = Object.keys(manifest);
  const isKnown = (): boolean => {
    const roles = port.world(platformTenantId)?.roles;
    return roles !== undefined && names.every((name) => roles.about(name).size > 0);
  };
  if (!isDeclaring(service) || isKnown()) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  port.onAdvanced((tenantId) => {
    if (tenantId === platformTenantId && isKnown()) resolve();
  });
  // On a bus that has just been emptied the record may be long in coming; without auth it comes by the bus or not at all.
  if (port.world(platformTenantId) === undefined) port.load(platformTenantId).catch(() => undefined);
  return promise;
}
