import { createHash } from 'node:crypto';
import { canonicalJson, type PermissionManifest } from '@idp/auth';
import { platformTenantId } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { AuthContext } from '../context.ts';
import { listManifests, saveManifest, type ServiceManifest } from '../store/access/manifests.ts';
import { findAccessHeadVersion } from '../store/access/snapshot.ts';
import { advanceAccessVersion } from '../store/memberships.ts';
import type { Tables } from '../store/tables.ts';
import { accessChanged } from './changed.ts';

type Ctx = Pick<AuthContext, 'access' | 'clock'>;
type Reading = Pick<AuthContext, 'access' | 'catalogues' | 'database'>;

/**
 * Takes in what a service declares, in a transaction of the platform tenant: the system roles are made anew. Before the
 * platform was compiled for the first time it is only kept.
 */
export async function declareManifest(tx: Tx<Tables>, ctx: Ctx, declared: ServiceManifest): Promise<void> {
  const known = await listManifests(tx);
  if (known.some(({ service, hash }) => service === declared.service && hash === declared.hash)) return;
  // Holds the version: whoever compiles the platform for the first time does so before this or sees it.
  await advanceAccessVersion(tx, ctx.clock());
  await saveManifest(tx, declared);
  if ((await findAccessHeadVersion(tx)) !== undefined) await accessChanged(tx, ctx, { roles: true });
}

export function manifestOf(service: string, manifest: PermissionManifest): ServiceManifest {
  const hash = createHash('sha256').update(canonicalJson(manifest)).digest('hex');
  return { service, hash, manifest, calls: {} };
}

/** What conditions may ask for is read again whenever the platform's record changes, here or in another process. */
export function followManifests(ctx: Reading & Pick<AuthContext, 'background'>): void {
  ctx.access.snapshot.onAdvanced((tenantId) => {
    if (tenantId === platformTenantId) ctx.background.run('read-manifests', () => readManifests(ctx));
  });
}

export async function readManifests(ctx: Reading): Promise<void> {
  const before = ctx.catalogues.latest();
  await ctx.database.tenant(platformTenantId).read((tx) => ctx.catalogues.current(tx));
  if (ctx.catalogues.latest() !== before) ctx.access.snapshot.store.forgetConditions();
}
