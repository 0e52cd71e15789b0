import type { CatalogContext } from '../context.ts';
import { type RefusedDocument, listRefusedDocuments } from '../store/documents.ts';
import { countEntities } from '../store/entities.ts';
import { type DirectoryState, listDirectoryStates } from '../store/sources.ts';

/** What a host shows of a tenant's catalog when it has started. */
export interface CatalogSummary {
  entities: number;
  /** Documents in error, by source and file. */
  refused: RefusedDocument[];
  /** Configured directories, each with whether it has been read since it became a source. */
  directories: DirectoryState[];
}

export async function summarizeCatalog(
  ctx: Pick<CatalogContext, 'database'>,
  { tenantId }: { tenantId: string },
): Promise<CatalogSummary> {
  return ctx.database.tenant(tenantId).read(async (tx) => {
    const [entities, refused, directories] = await Promise.all([
      countEntities(tx),
      listRefusedDocuments(tx),
      listDirectoryStates(tx),
    ]);
    return { entities, refused, directories };
  });
}
