import { PermissionError } from '@idp/errors';
import type { AttributeType } from '@idp/expressions';
import type { Expression, SqlBool } from 'kysely';
import { scopeCovers } from './decision/bounds.ts';
import type { ResourceScope } from './decision/model.ts';
import type { Principal } from './principal.ts';
import { rolesInclude, type ManifestRole, type SystemRole } from './roles.ts';

/** Permissions of one service, by name `<service>:<resource>:<action>`. */
export interface PermissionManifest {
  [permission: string]: {
    description: string;
    /** Resource type the permission is about. */
    resource: string;
    /** The lowest role that holds it. */
    role: ManifestRole;
    /** Keys of other system roles that hold it, too. */
    roles?: readonly string[];
    /** Also decides which rows a list shows. */
    list?: boolean;
    /**
     * What conditions may ask of the resource beside its id and scope: names as written after `resource.`. Where the
     * permission decides lists, each of them has a column.
     */
    attributes?: Readonly<Record<string, AttributeType>>;
    /** Also asked centrally while the replica is degraded; every allow is audited. */
    sensitive?: boolean;
  };
}

/** What a principal may be asked about; a resource of another tenant is never allowed. */
export interface AccessResource {
  type: string;
  id?: string;
  tenantId?: string;
  /** Where it lies; absent = in the tenant itself. */
  scope?: ResourceScope;
  attributes?: Readonly<Record<string, unknown>>;
}

/** Source of the roles a principal holds in its tenant now. Fails with 503 rather than answering without knowledge. */
export interface AccessReader {
  rolesOf(principal: Principal): Promise<readonly SystemRole[]>;
}

/** `all` rows, none, or those for which the SQL condition is true. */
export type Visibility = 'all' | 'none' | { where: Expression<SqlBool> };

export interface Access {
  /** Whether the principal may; false for another tenant's resource. A permission outside the manifest is a bug: it throws. */
  allows(principal: Principal, permission: string, resource?: AccessResource): Promise<boolean>;
  /** 403 `PERMISSION_DENIED`, or `INSUFFICIENT_SCOPE` where the roles allow and the token's scope does not. */
  requirePermission(principal: Principal, permission: string, resource?: AccessResource): Promise<void>;
  /** Which rows of a list the principal may see; `columns` maps resource attributes to columns of the query. */
  visibility(
    principal: Principal,
    permission: string,
    columns: Readonly<Record<string, string | Expression<unknown>>>,
  ): Promise<Visibility>;
}

type Decision = 'allowed' | 'denied' | 'outside-scope';

/** Decides by the tenant roles that `reader` knows, the manifest and the bounds of the token. */
export function createAccess({ reader, manifest }: { reader: AccessReader; manifest: PermissionManifest }): Access {
  async function decide(principal: Principal, permission: string, resource?: AccessResource): Promise<Decision> {
    const entry = Object.hasOwn(manifest, permission) ? manifest[permission] : undefined;
    if (entry === undefined) throw new TypeError(`permission ${permission} is not in the manifest`);
    if (resource?.tenantId !== undefined && resource.tenantId !== principal.tenantId) return 'denied';
    // On behalf of a user a service needs the right itself as well; services hold none yet.
    if (principal.actingService !== undefined) return 'denied';
    if (!rolesInclude(await reader.rolesOf(principal), entry.role)) return 'denied';
    return scopeCovers(principal.scope, permission) ? 'allowed' : 'outside-scope';
  }

  return {
    allows: async (principal, permission, resource) => (await decide(principal, permission, resource)) === 'allowed',
    async requirePermission(principal, permission, resource) {
      const decision = await decide(principal, permission, resource);
      if (decision === 'outside-scope') {
        throw new PermissionError(`the token's scope does not cover ${permission}`, { code: 'INSUFFICIENT_SCOPE' });
      }
      if (decision === 'denied') throw new PermissionError(`${permission} is required`);
    },
    visibility: async (principal, permission) => ((await decide(principal, permission)) === 'allowed' ? 'all' : 'none'),
  };
}
