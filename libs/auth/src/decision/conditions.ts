import type { Condition } from '@idp/expressions';
import type { DecisionFault } from './outcome.ts';

/** Compiles CEL for the attributes that go with a permission. */
export type CompileCondition = (text: string, permission: string) => Condition;

/** Compiled conditions by permission and text. */
export interface Conditions {
  /** Never throws: a text that does not compile any more gives a fault wherever it is asked. */
  get(text: string, permission: string): Condition | DecisionFault;
  /** Everything is compiled again: other attributes are declared now. */
  forget(): void;
}

/** Remembers what `compile` made, at most `textsMax` of it. */
export function createConditions(compile: CompileCondition, textsMax = 10_000): Conditions {
  const known = new Map<string, Map<string, Condition | DecisionFault>>();
  let size = 0;

  function made(text: string, permission: string): Condition | DecisionFault {
    try {
      return compile(text, permission);
    } catch (error) {
      return { fault: 'condition', message: error instanceof Error ? error.message : String(error) };
    }
  }

  return {
    get(text, permission) {
      let texts = known.get(permission);
      const found = texts?.get(text);
      if (found !== undefined) return found;
      if (size >= textsMax) {
        known.clear();
        size = 0;
        texts = undefined;
      }
      if (texts === undefined) known.set(permission, (texts = new Map()));
      const condition = made(text, permission);
      texts.set(text, condition);
      size += 1;
      return condition;
    },
    forget() {
      known.clear();
      size = 0;
    },
  };
}
