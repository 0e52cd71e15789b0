import { isInt, isText, parseTimestamp } from '../compile/literals.ts';
import type { AttributeType } from '../environment.ts';
import type { ConditionValue, ConditionValues } from '../values.ts';
import type { Defect } from './faults.ts';
import { isLongText, listItemsMax } from './functions.ts';

/** Values of the attributes a condition speaks of; only own properties count. */
export type Read = (values: ConditionValues) => unknown;

/** How to find an attribute by its path. */
export function reader(path: string): Read {
  const [root, ...names] = path.split('.') as [keyof ConditionValues, ...string[]];
  const isDeclared = root === 'resource' && names.length === 1 && names[0] !== 'id';
  const keys = isDeclared ? ['attributes', ...names] : names;
  const [first, second] = keys as [string, string | undefined];
  if (second === undefined) return (values) => own(values[root], first);
  return (values) => own(own(values[root], first), second);
}

function own(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null && Object.hasOwn(record, key)
    ? (record as Record<string, unknown>)[key]
    : undefined;
}

/** Whether an attribute has a value, of whatever type. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The value as conditions hold it, or what is wrong with it. `bounded` says whether sizes count. */
export function convert(value: unknown, type: AttributeType, bounded: boolean): ConditionValue | { defect: Defect } {
  if (!isPresent(value)) return missing;
  switch (type) {
    case 'bool':
      return typeof value === 'boolean' ? value : wrongType;
    case 'string':
      return convertText(value, bounded);
    case 'int':
      return convertInt(value) ?? wrongType;
    case 'timestamp':
      return convertTimestamp(value) ?? wrongType;
    case 'list<string>':
    case 'list<int>':
      return convertList(value, type === 'list<int>', bounded);
  }
}

const missing = { defect: 'missing' } as const;
const wrongType = { defect: 'type' } as const;
const tooLarge = { defect: 'size' } as const;

function convertText(value: unknown, bounded: boolean): string | { defect: Defect } {
  if (typeof value !== 'string' || !isText(value)) return wrongType;
  return bounded && isLongText(value) ? tooLarge : value;
}

function convertInt(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'bigint' && isInt(value) ? value : undefined;
}

function convertTimestamp(value: unknown): bigint | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : BigInt(value.getTime());
  return typeof value === 'string' ? parseTimestamp(value) : undefined;
}

/** A null among the items is no item, as in an array of PostgreSQL. */
function convertList(value: unknown, isInts: boolean, bounded: boolean): ConditionValue | { defect: Defect } {
  if (!Array.isArray(value)) return wrongType;
  if (bounded && value.length > listItemsMax) return tooLarge;
  const items: (bigint | string)[] = [];
  for (const item of value as unknown[]) {
    if (!isPresent(item)) continue;
    const converted = isInts ? (convertInt(item) ?? wrongType) : convertText(item, bounded);
    if (typeof converted === 'object') return converted;
    items.push(converted);
  }
  return items;
}
