import { sql } from 'kysely';
import { named } from '@idp/database';
import type { Term } from '../domain/ingestion/terms.ts';
import type { CatalogTx } from './catalog-tx.ts';
import { lockNumbers } from './numbers-lock.ts';

/** Ids of keys and values; a term without value has value id 0. */
export interface TermIds {
  keys: Map<string, number>;
  values: Map<string, number>;
}

export const noValue = 0;

/** Gives every key and value an id, new ones included. To be called before rows are locked. */
export async function internTerms(tx: CatalogTx, terms: Iterable<Term>): Promise<TermIds> {
  const keys = new Set<string>();
  const values = new Set<string>();
  for (const term of terms) {
    keys.add(term.key);
    if (term.original !== undefined) values.add(term.original);
  }
  const [knownKeys, knownValues] = await Promise.all([findKeys(tx, keys), findValues(tx, values)]);
  if (knownKeys.size === keys.size && knownValues.size === values.size) return { keys: knownKeys, values: knownValues };
  await lockNumbers(tx);
  const [nowKeys, nowValues] = await Promise.all([
    knownKeys.size === keys.size ? knownKeys : addKeys(tx, keys, knownKeys),
    knownValues.size === values.size ? knownValues : addValues(tx, values, knownValues),
  ]);
  return { keys: nowKeys, values: nowValues };
}

interface IdRow {
  id: number;
  text: string;
}

async function findKeys(tx: CatalogTx, keys: Iterable<string>): Promise<Map<string, number>> {
  const { rows } =
    await sql<IdRow>`select id, key as text from term_keys where key = any(${[...keys]}::text[])`.execute(
      named(tx.db, 'catalog.term-keys'),
    );
  return mapOf(rows);
}

async function findValues(tx: CatalogTx, values: Iterable<string>): Promise<Map<string, number>> {
  const { rows } = await sql<IdRow>`
    select id, original as text from term_values where original = any(${[...values]}::text[])`.execute(
    named(tx.db, 'catalog.term-values'),
  );
  return mapOf(rows);
}

/** The conflict clause leaves out what another writer added before we had the lock. */
async function addKeys(tx: CatalogTx, keys: Set<string>, known: Map<string, number>): Promise<Map<string, number>> {
  const missing = [...keys].filter((key) => !known.has(key));
  const { rows } = await sql<IdRow>`
    insert into term_keys (id, key)
    select coalesce((select max(id) from term_keys), 0) + new.at, new.key
    from unnest(${missing}::text[]) with ordinality as new (key, at)
    on conflict (tenant_id, key) do nothing returning id, key as text`.execute(
    named(tx.db, 'catalog.insert-term-keys'),
  );
  const added = mapOf(rows);
  const raced = missing.filter((key) => !added.has(key));
  return new Map([...known, ...added, ...(raced.length === 0 ? [] : await findKeys(tx, raced))]);
}

async function addValues(tx: CatalogTx, values: Set<string>, known: Map<string, number>): Promise<Map<string, number>> {
  const missing = [...values].filter((value) => !known.has(value));
  const folded = missing.map((value) => value.toLowerCase());
  const { rows } = await sql<IdRow>`
    insert into term_values (id, original, folded)
    select coalesce((select max(id) from term_values), 0) + new.at, new.original, new.folded
    from unnest(${missing}::text[], ${folded}::text[]) with ordinality as new (original, folded, at)
    on conflict (tenant_id, original) do nothing returning id, original as text`.execute(
    named(tx.db, 'catalog.insert-term-values'),
  );
  const added = mapOf(rows);
  const raced = missing.filter((value) => !added.has(value));
  return new Map([...known, ...added, ...(raced.length === 0 ? [] : await findValues(tx, raced))]);
}

function mapOf(rows: readonly IdRow[]): Map<string, number> {
  return new Map(rows.map((row) => [row.text, row.id]));
}
