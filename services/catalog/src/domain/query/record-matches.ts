import { foldText } from './text.ts';
import type { QueryNode } from './tree.ts';

/** Whether a flat record of texts matches a query; keys are compared folded, like those of entities. */
export function recordMatches(node: QueryNode, record: Readonly<Record<string, string>>): boolean {
  switch (node.op) {
    case 'all':
      return node.nodes.every((child) => recordMatches(child, record));
    case 'any':
      return node.nodes.some((child) => recordMatches(child, record));
    case 'not':
      return !recordMatches(node.node, record);
    case 'exists':
      return valueOf(node.key, record) !== undefined;
    case 'in': {
      const value = valueOf(node.key, record);
      return value !== undefined && node.values.includes(value);
    }
    case 'prefix':
      return valueOf(node.key, record)?.startsWith(node.prefix) === true;
    case 'text':
      return node.keys.some((key) => valueOf(key, record)?.includes(node.text) === true);
    case 'rows':
      throw new TypeError('a condition on rows is no question about a record');
  }
}

function valueOf(key: string, record: Readonly<Record<string, string>>): string | undefined {
  const name = Object.keys(record).find((candidate) => foldText(candidate) === key);
  return name === undefined ? undefined : foldText(record[name] ?? '');
}
