import { platformTenantId } from '@idp/contracts';
import type { Principal } from '@idp/auth';
import type { Database } from '@idp/database';
import { PermissionError } from '@idp/errors';
import type { EventRuntime, SnapshotSources } from '@idp/events';
import type { JobRuntime } from '@idp/jobs';

/** What the routes of `/api/v1/<service>/ops` work on. */
export interface OpsParts {
  service: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tables of the libs alone
  database: Database<any>;
  events: EventRuntime;
  jobs: JobRuntime;
  /** State this service emits again when a reader asks, by topic. */
  snapshots: SnapshotSources;
  /** The service keeps tables without a tenant, which its snapshots may read. */
  globalTables: boolean;
  /** Ids of all tenants this service knows. */
  tenants(): Promise<readonly string[]>;
  /** Events go through the bus in PostgreSQL, whose records this service has to delete. */
  busInPostgres: boolean;
}

export function opsPath(service: string, path: string): string {
  return `/api/v1/${service}/ops${path}`;
}

/** Operation ids are unique in the description of the whole platform: `list` + service + `DeadLetters`. */
export function opsOperationId(verb: string, service: string, noun: string): string {
  const name = service.replaceAll(/(?:^|-)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return `${verb}${name}${noun}`;
}

/** Whether the caller looks after all tenants. */
export function isOperator({ tenantId }: Principal): boolean {
  return tenantId === platformTenantId;
}

/** 403 for everyone but principals of the platform tenant. */
export function requireOperator(principal: Principal): void {
  if (!isOperator(principal)) throw new PermissionError('this concerns all tenants: only the platform tenant may');
}
