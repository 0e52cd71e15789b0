import type { SystemRole } from '@idp/auth';
import type { RunningService } from '@idp/service';
import { startTestService, type TestService, type TestServiceOptions } from '@idp/testing';
import type { CatalogContext } from '../../src/context.ts';
import { catalog } from '../../src/service.ts';

export type { ServiceRequest as RequestOptions, SignedTenant as TestTenant } from '@idp/testing';

/** The catalog service alone, on a database of its own, reached over HTTP. */
export interface RunningCatalog
  extends Pick<TestService, 'url' | 'adminUrl' | 'request' | 'tenant' | 'personIn' | 'place'>, AsyncDisposable {
  readonly service: RunningService;
  readonly context: CatalogContext;
  /** A token of a new person in this tenant, bounded by a scope. */
  scopedToken(tenantId: string, role: SystemRole, scope: string): Promise<string>;
}

export async function startCatalog({
  env = {},
  egressAllow = [],
}: Pick<TestServiceOptions, 'env' | 'egressAllow'> = {}): Promise<RunningCatalog> {
  const started = await startTestService({
    service: catalog,
    env: { CATALOG_DIRECTORIES: '', ...env },
    egressAllow,
  });
  const { url, adminUrl, running, request, tenant, person, personIn, place } = started;
  return {
    url,
    adminUrl,
    request,
    tenant,
    personIn,
    place,
    service: running,
    context: running.context as CatalogContext,
    scopedToken: async (tenantId, role, scope) => (await person(tenantId, role, scope)).token,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
