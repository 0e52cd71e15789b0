import { ModelError } from '../model/model-error.ts';
import { limits } from './limits.ts';

interface Budget {
  nodes: number;
  chars: number;
}

const refusedKeys = new Set(['__proto__']);

/**
 * Checks that a value read from a document is JSON of bearable size: written out, with no aliases. Throws ModelError.
 * PostgreSQL keeps no NUL and no half of a surrogate pair, and JSON knows neither NaN nor infinity.
 */
export function checkValue(value: unknown): void {
  visitValue(value, [], { nodes: 0, chars: 0 });
}

function visitValue(value: unknown, path: (string | number)[], budget: Budget): void {
  budget.nodes++;
  if (budget.nodes > limits.nodes) throw new ModelError('limit', `the document holds more than ${limits.nodes} values`);
  if (path.length > limits.depth) {
    throw new ModelError('limit', `the document is nested more than ${limits.depth} levels deep`, [...path]);
  }
  if (typeof value === 'string') checkText(value, path, budget);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new ModelError('value', `${value} is not a JSON number`, [...path]);
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) visitChild(item, i, path, budget);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (refusedKeys.has(key)) throw new ModelError('value', `the key ${key} is not allowed`, [...path]);
      checkText(key, path, budget);
      visitChild(item, key, path, budget);
    }
  } else if (value !== null && typeof value !== 'boolean') {
    throw new ModelError('value', `a value of type ${typeof value} is not JSON`, [...path]);
  }
}

function visitChild(value: unknown, key: string | number, path: (string | number)[], budget: Budget): void {
  path.push(key);
  visitValue(value, path, budget);
  path.pop();
}

function checkText(text: string, path: (string | number)[], budget: Budget): void {
  budget.chars += text.length;
  if (budget.chars > limits.documentChars) {
    throw new ModelError('limit', `the document holds more than ${limits.documentChars} characters`, [...path]);
  }
  if (text.includes('\0')) throw new ModelError('value', 'text must not contain the character U+0000', [...path]);
  if (!text.isWellFormed()) throw new ModelError('value', 'text must not contain half of a surrogate pair', [...path]);
}
