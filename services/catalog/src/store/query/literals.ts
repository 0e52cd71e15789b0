import { sql } from 'kysely';
import { named } from '@idp/database';
import type { Literals, PostingSource } from '../../domain/query/postings.ts';
import type { QueryNode } from '../../domain/query/tree.ts';
import { relationOfType } from './relation-types.ts';
import type { CatalogTx } from '../catalog-tx.ts';

const relationKeyPrefix = 'relations.';

interface LiteralTexts {
  readonly keys: Set<string>;
  readonly values: Set<string>;
  readonly refs: Set<string>;
}

/**
 * Looks up the ids of every key, value and ref a query names, in one round trip. `moreKeys` are keys named outside
 * the tree: sort fields and facets.
 */
export async function resolveLiterals(tx: CatalogTx, tree: QueryNode, moreKeys: readonly string[]): Promise<Literals> {
  const texts: LiteralTexts = { keys: new Set(), values: new Set(), refs: new Set() };
  collect(tree, texts);
  for (const key of moreKeys) if (!key.startsWith(relationKeyPrefix)) texts.keys.add(key);
  return literalsOf(await findLiterals(tx, texts));
}

function collect(node: QueryNode, texts: LiteralTexts): void {
  if (node.op === 'all' || node.op === 'any') {
    for (const child of node.nodes) collect(child, texts);
  } else if (node.op === 'not') {
    collect(node.node, texts);
  } else if (node.op !== 'rows') {
    for (const key of node.op === 'text' ? node.keys : [node.key]) {
      const isRelation = key.startsWith(relationKeyPrefix);
      if (!isRelation) texts.keys.add(key);
      if (node.op === 'in') for (const value of node.values) (isRelation ? texts.refs : texts.values).add(value);
    }
  }
}

interface LiteralRow {
  readonly what: 'key' | 'value' | 'ref';
  readonly id: number;
  readonly text: string;
}

async function findLiterals(tx: CatalogTx, texts: LiteralTexts): Promise<LiteralRow[]> {
  if (texts.keys.size + texts.values.size + texts.refs.size === 0) return [];
  const result = await sql<LiteralRow>`
    select 'key' as what, id, key as text from term_keys where key = any(${[...texts.keys]}::text[])
    union all
    select 'value', id, folded from term_values where folded = any(${[...texts.values]}::text[])
    union all
    select 'ref', no, ref from refs where ref = any(${[...texts.refs]}::text[])`.execute(
    named(tx.db, 'catalog.literals'),
  );
  return result.rows;
}

function literalsOf(rows: readonly LiteralRow[]): Literals {
  const keys = new Map<string, number>();
  const values = new Map<string, number[]>();
  const refs = new Map<string, number[]>();
  for (const row of rows) {
    if (row.what === 'key') {
      keys.set(row.text, row.id);
      continue;
    }
    const ids = row.what === 'value' ? values : refs;
    const known = ids.get(row.text);
    if (known === undefined) ids.set(row.text, [row.id]);
    else known.push(row.id);
  }
  return {
    sourceOf: (key) => sourceOf(key, keys),
    idsOf: (source, value) => (source.kind === 'terms' ? values : refs).get(value) ?? [],
  };
}

function sourceOf(key: string, keys: ReadonlyMap<string, number>): PostingSource | undefined {
  if (key.startsWith(relationKeyPrefix)) return relationOfType(key.slice(relationKeyPrefix.length));
  const keyId = keys.get(key);
  return keyId === undefined ? undefined : { kind: 'terms', keyId };
}
