import type { CatalogContext } from '../../src/context.ts';
import type { Json } from '../../src/domain/model/entity.ts';
import { applyEntityDocument, type AppliedEntity } from '../../src/operations/apply-entity-document.ts';

const batchSize = 50;

/** Writes documents by the operation that the API uses, a batch a transaction. */
export async function seedEntities(
  context: CatalogContext,
  tenantId: string,
  documents: readonly object[],
): Promise<AppliedEntity[]> {
  const applied: AppliedEntity[] = [];
  for (let start = 0; start < documents.length; start += batchSize) {
    const batch = documents.slice(start, start + batchSize);
    const results = await context.database.tenant(tenantId).write(async (tx) => {
      const written: AppliedEntity[] = [];
      for (const document of batch) {
        const input = { document: document as Json, actor: 'service:seed' };
        written.push(await applyEntityDocument(tx, context, input));
      }
      return written;
    });
    applied.push(...results);
  }
  return applied;
}

/** A Component with the least a Component needs. */
export function component(name: string, more: { metadata?: object; spec?: object } = {}): object {
  return {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Component',
    metadata: { name, ...more.metadata },
    spec: { type: 'service', lifecycle: 'production', owner: 'team-a', ...more.spec },
  };
}
