import type { PlatformServiceRecord } from './decision/model.ts';
import type { PermissionManifest } from './access.ts';

/** By service: what the one that declares it does there in its own name, in every tenant. */
export type ServiceCalls = Readonly<Record<string, readonly string[]>>;

/** What a release of a service says of rights. */
export interface ServiceDeclaration {
  manifest: PermissionManifest;
  calls: ServiceCalls;
}

/** As it travels and is kept: the manifest alone where the service calls nobody. A permission's name has colons, `permissions` has none. */
export type DeclarationBody = PermissionManifest | { permissions: PermissionManifest; calls: ServiceCalls };

export function declarationBody({ manifest, calls }: ServiceDeclaration): DeclarationBody {
  return Object.keys(calls).length === 0 ? manifest : { permissions: manifest, calls };
}

export function readDeclaration(body: DeclarationBody): ServiceDeclaration {
  if (!Object.hasOwn(body, 'permissions')) return { manifest: body as PermissionManifest, calls: {} };
  const { permissions: manifest, calls } = body as Extract<DeclarationBody, { calls: ServiceCalls }>;
  return { manifest, calls };
}

/** What services may do in every tenant, for the platform tenant's record; those that call nobody are not in it. */
export function serviceRecords(
  declared: readonly { service: string; calls: ServiceCalls }[],
): ({ id: string } & PlatformServiceRecord)[] {
  return declared
    .map(({ service, calls }) => ({ id: `service:${service}`, permissions: Object.values(calls).flat() }))
    .filter(({ permissions }) => permissions.length > 0);
}
