import { existsSync, readdirSync } from 'node:fs';
import type { AnyService } from '@idp/service';

const folder = new URL('../../../../services/', import.meta.url);

/** The definitions of all services of the repository, found by their folders. */
export async function platformServices(): Promise<readonly AnyService[]> {
  const names = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/src/service.ts`, folder)));
  return Promise.all(names.map(serviceNamed));
}

async function serviceNamed(name: string): Promise<AnyService> {
  const module = (await import(new URL(`${name}/src/service.ts`, folder).href)) as Record<string, unknown>;
  const found = Object.values(module).find((value): value is AnyService => isDefinition(value) && value.name === name);
  if (found === undefined) throw new Error(`services/${name}/src/service.ts exports no definition named ${name}`);
  return found;
}

function isDefinition(value: unknown): value is AnyService {
  return typeof value === 'object' && value !== null && 'name' in value && 'routes' in value;
}

/** What the suites need of the auth service before its routes for tenants and members exist. */
export interface AuthOperations {
  createTenant(context: unknown, input: { slug: string; name: string }): Promise<{ tenantId: string }>;
  registerMember(
    context: unknown,
    input: { tenantId: string; email: string; name: string; password: string; role: string },
  ): Promise<{ userId: string }>;
  addMember(
    context: unknown,
    input: { tenantId: string; userId: string; role: string; reason: string },
  ): Promise<unknown>;
  declareManifest(tx: unknown, context: unknown, declared: { service: string; hash: string } & object): Promise<void>;
}

export async function authOperations(): Promise<AuthOperations> {
  const load = async (path: string) => (await import(new URL(`auth/src/${path}.ts`, folder).href)) as object;
  const modules = ['service', 'operations/add-member', 'access/manifests'].map(load);
  return Object.assign({}, ...(await Promise.all(modules))) as AuthOperations;
}

type ApplyEntityDocument = (
  tx: unknown,
  context: unknown,
  input: { document: object; actor: string },
) => Promise<unknown>;

/** How the catalog writes one entity. */
export async function applyOperation(): Promise<ApplyEntityDocument> {
  const file = new URL('catalog/src/operations/apply-entity-document.ts', folder);
  return ((await import(file.href)) as { applyEntityDocument: ApplyEntityDocument }).applyEntityDocument;
}
