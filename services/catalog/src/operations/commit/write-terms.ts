import type { Term } from '../../domain/ingestion/terms.ts';
import type { CatalogTx } from '../../store/catalog-tx.ts';
import { type TermIds, internTerms, noValue } from '../../store/term-ids.ts';
import { type Posting, replaceTerms } from '../../store/terms.ts';
import type { PlannedChange } from './plan-changes.ts';

export const uidKey = 'metadata.uid';

/** Makes the postings of changed entities those of their documents, and removes those of deleted ones. */
export async function writeTerms(tx: CatalogTx, changes: readonly PlannedChange[], ids: TermIds): Promise<void> {
  const touched = changes.filter((change) => change.processed ?? change.op === 'deleted');
  if (touched.length === 0) return;
  const complete = await completeIds(tx, touched, ids);
  const postings = touched.flatMap((change) => {
    return allTerms(change).map((term) => toPosting(term, change.no, complete));
  });
  // What never was an entity has no postings to replace.
  const known = touched.filter((change) => change.before).map((change) => change.no);
  await replaceTerms(tx, known, postings);
}

function allTerms({ processed, uid }: PlannedChange): Term[] {
  return processed ? [...processed.terms, { key: uidKey, original: uid }] : [];
}

/** A claim that takes over brings terms nobody asked for before the locks were taken. */
async function completeIds(tx: CatalogTx, changes: readonly PlannedChange[], ids: TermIds): Promise<TermIds> {
  const missing = changes.flatMap(allTerms).filter(({ key, original }) => {
    return !ids.keys.has(key) || (original !== undefined && !ids.values.has(original));
  });
  if (missing.length === 0) return ids;
  const more = await internTerms(tx, missing);
  return { keys: new Map([...ids.keys, ...more.keys]), values: new Map([...ids.values, ...more.values]) };
}

function toPosting({ key, original }: Term, no: number, ids: TermIds): Posting {
  const keyId = ids.keys.get(key);
  const valueId = original === undefined ? noValue : ids.values.get(original);
  if (keyId === undefined || valueId === undefined) throw new TypeError(`no id for the term ${key}`);
  return { keyId, valueId, no };
}
