import { isCelError, isCelList, parse, plan, type CelInput } from '@bufbuild/cel';
import { printTerm, type Notation } from '../compile/print.ts';
import { attributesOf, type Term } from '../compile/term.ts';
import type { ConditionFault, ConditionValue, ConditionValues } from '../values.ts';
import { calculationFault } from './faults.ts';
import { environment } from './functions.ts';
import { presenceSlot, valueSlot, type Slot } from './slots.ts';

/** Evaluates a term; never throws. */
export type Program = (values: ConditionValues) => ConditionValue | ConditionFault;

export interface ProgramOptions {
  /** Whether the size of an attribute counts: it does where the work grows with it. */
  isBounded(path: string): boolean;
}

/**
 * The library's plan of a term. Attributes become plain variables, filled before the call with their checked value or
 * an error that names them: a missing attribute then behaves as CEL's errors do (`missing || true` is true).
 */
export function createProgram(term: Term, { isBounded }: ProgramOptions): Program {
  const faults = new Map<string, ConditionFault>();
  const names = new Map<string, string>();
  const slots: [name: string, slot: Slot][] = [];
  for (const attribute of attributesOf(term)) {
    const key = `${attribute.kind} ${attribute.path}`;
    if (names.has(key)) continue;
    const name = `a${names.size}`;
    names.set(key, name);
    const slot =
      attribute.kind === 'has'
        ? presenceSlot(attribute)
        : valueSlot(attribute, { isBounded: isBounded(attribute.path), faults });
    slots.push([name, slot]);
  }
  const evaluate = plan(environment, parse(printTerm(term, lowered(names))));
  return (values) => {
    const variables: Record<string, CelInput> = {};
    for (const [name, slot] of slots) variables[name] = slot(values);
    const result = evaluate(variables);
    if (isCelError(result)) return faults.get(result.message) ?? calculationFault(result.message);
    return isCelList(result) ? ([...result] as ConditionValue) : (result as ConditionValue);
  };
}

/** Timestamps and durations are already whole numbers of milliseconds. */
function lowered(names: ReadonlyMap<string, string>): Notation {
  return {
    attribute: (term) => names.get(`${term.kind} ${term.path}`) as string,
    variable: (term) => `v_${typeof term === 'string' ? term : term.name}`,
    literal: (literal) => (typeof literal === 'string' ? JSON.stringify(literal) : `(${literal})`),
  };
}
