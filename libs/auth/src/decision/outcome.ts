import type { ConditionFault } from '@idp/expressions';

/** Why something is neither true nor false. */
export type DecisionFault =
  | ConditionFault
  /** `scope`: the snapshot does not know where the resource lies; `condition`: the text does not compile any more. */
  | { readonly fault: 'scope' | 'condition'; readonly message: string };

/** An allow counts where it is true, a deny wherever it is not false. */
export type Outcome = boolean | DecisionFault;

export const unknownScope: DecisionFault = Object.freeze({
  fault: 'scope',
  message: 'the scope of the resource is not known',
});

/** Both, in the three values of Kleene: false beats a fault, a fault beats true. CEL's `&&` and SQL's AND agree. */
export function both(left: Outcome, right: Outcome): Outcome {
  if (left === false || right === false) return false;
  return left === true ? right : left;
}

/** One of the two, in the three values of Kleene: true beats a fault, a fault beats false. */
export function either(left: Outcome, right: Outcome): Outcome {
  if (left === true || right === true) return true;
  return left === false ? right : left;
}

/** Whether a statement with this outcome counts. */
export function counts(effect: 'allow' | 'deny', outcome: Outcome): boolean {
  return effect === 'allow' ? outcome === true : outcome !== false;
}
