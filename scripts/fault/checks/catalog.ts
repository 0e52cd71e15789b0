import type { Entry } from '../workload/history.ts';
import { mayHaveHappened, violations, type Evidence, type Violation } from './check.ts';

interface OwnerRow {
  tenant_id: string;
  id: string;
  revision: number;
  document: string;
  deleted_at: Date | null;
}

interface ProjectionRow {
  tenant_id: string;
  id: string;
  version: string;
  document: string | null;
  deleted_at: Date | null;
}

/** Entities of the catalog against what the clients were told, and the ledger's projection of them against the catalog. */
export async function checkCatalog({ client, entries, stack }: Evidence): Promise<Violation[]> {
  const { rows: owned } = await client.query<OwnerRow>(
    'select tenant_id, id, revision, document, deleted_at from catalog.entities',
  );
  const { rows: projected } = await client.query<ProjectionRow>('select * from ledger.entities');
  const owner = new Map(owned.map((row) => [row.id, row]));
  const strange: string[] = [];
  const names = new Map(owned.map((row) => [nameOf(row.document), row]));
  const registered = entries.filter(({ op }) => op === 'register');
  for (const entry of registered) {
    if (entry.outcome === 'fail' && names.has(`s-${entry.operation}`))
      strange.push(`service ${entry.operation} exists, its client was told no`);
  }
  const lost = registered
    .filter(({ outcome, operation }) => outcome === 'ok' && !names.has(`s-${operation}`))
    .map(({ operation }) => `service ${operation} was registered and is not there`);
  const works = Map.groupBy(
    entries.filter(({ detail, op }) => op !== 'read' && op !== 'transfer' && detail['uid'] !== undefined),
    ({ detail }) => String(detail['uid']),
  );
  for (const [uid, history] of works) {
    const row = owner.get(uid);
    if (row !== undefined) lost.push(...contradictions(uid, row, history));
  }
  const canaries = owned.flatMap((row) =>
    stack.tenants.some(({ id, canary }) => id !== row.tenant_id && row.document.includes(canary))
      ? [`entity ${row.id} holds another tenant's text`]
      : [],
  );
  return [
    ...violations('I1', lost),
    ...violations('I3', strange),
    ...violations('I6', differences(owned, projected)),
    ...violations('I8', canaries),
  ];
}

/** The entity is as the last operation that surely happened left it, or as one after it that may have happened. */
function contradictions(uid: string, row: OwnerRow, history: readonly Entry[]): string[] {
  const line = history.toSorted((one, other) => one.start - other.start);
  const lastSure = line.findLastIndex(({ outcome }) => outcome === 'ok');
  const candidates = [line[lastSure], ...line.slice(lastSure + 1)].filter((entry) => entry !== undefined);
  const possible = candidates.filter(mayHaveHappened);
  // A try without an answer may have come late, after operations that followed it.
  possible.push(...line.filter(({ outcome, tries }) => outcome === 'unknown' || tries > 1));
  const fits = possible.some(({ op, detail }) =>
    op === 'delete' ? row.deleted_at !== null : descriptionOf(row.document) === detail['description'],
  );
  return fits ? [] : [`entity ${uid} is not as its last operation left it`];
}

/** Every entity is in the projection at its revision, with the same document, and nothing else is. */
function differences(owned: readonly OwnerRow[], projected: readonly ProjectionRow[]): string[] {
  const copies = new Map(projected.map((row) => [`${row.tenant_id} ${row.id}`, row]));
  const found: string[] = [];
  for (const row of owned) {
    const key = `${row.tenant_id} ${row.id}`;
    const copy = copies.get(key);
    copies.delete(key);
    if (copy === undefined) found.push(`entity ${row.id} is not in the projection`);
    else if (Number(copy.version) !== row.revision)
      found.push(`entity ${row.id} is at ${row.revision}, the projection at ${copy.version}`);
    else if ((copy.deleted_at === null) !== (row.deleted_at === null))
      found.push(`entity ${row.id} is gone in one of the two`);
    else if (row.deleted_at === null && own(copy.document ?? '{}') !== own(row.document))
      found.push(`entity ${row.id} has another document in the projection`);
  }
  found.push(...[...copies.keys()].map((key) => `the projection has ${key}, the catalog does not`));
  return found;
}

/** The document without what is joined when it is served. */
function own(document: string): string {
  const { relations: _, status: __, ...rest } = JSON.parse(document) as Record<string, unknown>;
  return JSON.stringify(rest);
}

interface Document {
  metadata: { name: string; description?: string };
}

function nameOf(document: string): string {
  return (JSON.parse(document) as Document).metadata.name;
}

function descriptionOf(document: string): string | undefined {
  return (JSON.parse(document) as Document).metadata.description;
}
