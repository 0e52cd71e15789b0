import type { Entity } from '../model/entity.ts';
import { ModelError } from '../model/model-error.ts';
import { limits } from './limits.ts';

/** One posting of an entity. `original` is undefined when only the presence of the key can be asked for. */
export interface Term {
  key: string;
  original: string | undefined;
}

const notIndexed = new Set(['attachments', 'relations', 'status', 'metadata.etag']);
const lengthMax = 200;

interface RawTerm {
  key: string;
  value: unknown;
}

/**
 * Flattens an entity into the terms queries match, as Backstage's search index does: dotted keys in lower case, positions of
 * lists left out, a string item also as `key.item = true`. Throws ModelError for keys that differ only in case and for
 * more terms than an entity may have.
 */
export function termsOf(entity: Entity): Term[] {
  const raw: RawTerm[] = [];
  flatten('', entity, raw, new Set());
  checkCase(raw, entity);
  const terms = new Map<string, Term>();
  for (const { key: rawKey, value } of raw) {
    const key = rawKey.toLowerCase();
    if (key.length > lengthMax) continue;
    const text = value === null || value === undefined ? undefined : String(value);
    const original = text !== undefined && text.toLowerCase().length <= lengthMax ? text : undefined;
    terms.set(`${key}\0${original === undefined ? '' : `=${original}`}`, { key, original });
  }
  if (terms.size > limits.termsPerEntity) {
    throw new ModelError('limit', `the entity has more than ${limits.termsPerEntity} searchable fields`);
  }
  return [...terms.values()];
}

function flatten(path: string, value: unknown, output: RawTerm[], items: Set<string>): void {
  if (notIndexed.has(path)) return;
  if (Array.isArray(value)) {
    for (const item of value) {
      flatten(path, item, output, items);
      if (typeof item !== 'string') continue;
      const key = `${path}.${item}`;
      if (items.has(key.toLowerCase())) continue;
      items.add(key.toLowerCase());
      output.push({ key, value: true });
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) flatten(path ? `${path}.${key}` : key, member, output, items);
  } else {
    output.push({ key: path, value });
  }
}

function checkCase(raw: readonly RawTerm[], entity: Entity): void {
  const keys = new Set(raw.map((term) => term.key));
  const unseen = new Set([...keys].map((key) => key.toLowerCase()));
  if (unseen.size === keys.size) return;
  const doubled: string[] = [];
  let path: string[] = [];
  for (const key of keys) {
    const lower = key.toLowerCase();
    if (unseen.delete(lower)) continue;
    doubled.push(lower);
    if (path.length === 0) path = pathOfKey(entity, key);
  }
  const message = `Entity has duplicate keys that vary only in casing, '${doubled.join("', '")}'`;
  throw new ModelError('duplicate-key', message, path);
}

/** Undoes the flattening as far as objects go; keys may contain dots themselves. */
function pathOfKey(value: unknown, key: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  for (const [name, member] of Object.entries(value)) {
    if (name === key) return [name];
    if (key.startsWith(`${name}.`)) return [name, ...pathOfKey(member, key.slice(name.length + 1))];
  }
  return [];
}
