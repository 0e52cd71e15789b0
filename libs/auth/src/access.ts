import type { AttributeType } from '@idp/expressions';
import type { ResourceScope } from './decision/model.ts';
import type { AuthContextClass } from './principal.ts';
import type { ManifestRole } from './roles.ts';

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
    /** The permission of Backstage that asks for the same, and the type of the resources it may be asked about. */
    backstage?: { name: string; resourceType?: string };
    /** How recently, in seconds, and how strongly (default `idp:aal1`) somebody must have proved who they are to use it. */
    stepUp?: { maxAgeSeconds: number; acr?: AuthContextClass };
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
