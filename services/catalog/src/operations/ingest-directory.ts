import { resolve } from 'node:path';
import { newId } from '@idp/contracts';
import type { CatalogContext } from '../context.ts';
import { ensureSource, findSourceByName } from '../store/sources.ts';
import { type SyncReport, catalogActor } from './sync/sync-source.ts';

export interface DirectoryInput {
  tenantId: string;
  /** Path; relative ones start at the working directory. */
  directory: string;
  signal: AbortSignal;
}

/** Reads a directory of descriptor files into a tenant and answers when it is done; the directory becomes a source of its own. */
export async function ingestDirectory(
  ctx: Pick<CatalogContext, 'database' | 'syncs'>,
  { tenantId, directory, signal }: DirectoryInput,
): Promise<SyncReport> {
  const sourceId = await ensureDirectorySource(ctx, { tenantId, directory });
  return ctx.syncs.run(tenantId, sourceId, signal);
}

export async function ensureDirectorySource(
  ctx: Pick<CatalogContext, 'database'>,
  { tenantId, directory }: Omit<DirectoryInput, 'signal'>,
): Promise<string> {
  const name = resolve(directory);
  const door = ctx.database.tenant(tenantId);
  const known = await door.read((tx) => findSourceByName(tx, 'directory', name));
  if (known) return known.id;
  const created = await door.write(async (tx) => {
    const source = await ensureSource(tx, { id: newId(), kind: 'directory', name, actor: catalogActor });
    tx.audit({
      action: 'catalog:source:create',
      resourceType: 'source',
      resourceId: source.id,
      after: { kind: 'directory', name },
    });
    return source;
  });
  return created.id;
}
