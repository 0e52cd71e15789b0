import { celError, isCelError, isCelList, parse, plan, type CelInput } from '@bufbuild/cel';
import { printTerm, type Notation } from '../compile/print.ts';
import { attributesOf, type AttributeTerm, type Term } from '../compile/term.ts';
import type { AttributeType } from '../environment.ts';
import type { ConditionFault, ConditionValue, ConditionValues } from '../values.ts';
import { environment } from './functions.ts';
import { convert, faultOf, isPresent, reader } from './read.ts';

/** Evaluates a term; never throws. */
export type Program = (values: ConditionValues) => ConditionValue | ConditionFault;

export interface ProgramOptions {
  /** Whether the size of an attribute counts: it does where the work grows with it. */
  isBounded(path: string): boolean;
}

type Slot = (values: ConditionValues) => CelInput;

/**
 * The library's plan of a term. Attributes become plain variables, filled before the call with their checked value or
 * an error that names them: a missing attribute then behaves as CEL's errors do (`missing || true` is true).
 */
export function createProgram(term: Term, options: ProgramOptions): Program {
  const faults = new Map<string, ConditionFault>();
  const slots = new Map<string, Slot>();
  const names = new Map<string, string>();
  for (const attribute of attributesOf(term)) {
    const key = `${attribute.kind} ${attribute.path}`;
    if (names.has(key)) continue;
    const name = `a${names.size}`;
    names.set(key, name);
    slots.set(
      name,
      attribute.kind === 'has' ? presence(attribute) : value(attribute, options.isBounded(attribute.path), faults),
    );
  }
  const evaluate = plan(environment, parse(printTerm(term, lowered(names))));
  const entries = [...slots];
  return (values) => {
    const variables: Record<string, CelInput> = {};
    for (const [name, slot] of entries) variables[name] = slot(values);
    const result = evaluate(variables);
    if (isCelError(result)) return faults.get(result.message) ?? { fault: 'calculation', message: result.message };
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

function presence({ path }: AttributeTerm): Slot {
  const read = reader(path);
  return (values) => isPresent(read(values));
}

function value({ path, type }: AttributeTerm, bounded: boolean, faults: Map<string, ConditionFault>): Slot {
  const read = reader(path);
  const declared = type as AttributeType;
  const error = (defect: 'missing' | 'type' | 'size') => {
    const fault = faultOf(defect, path, declared);
    faults.set(fault.message, fault);
    return celError(fault.message);
  };
  const errors = { missing: error('missing'), type: error('type'), size: error('size') };
  return (values) => {
    const converted = convert(read(values), declared, bounded);
    const isDefect = typeof converted === 'object' && 'defect' in converted;
    return (isDefect ? errors[converted.defect] : converted) as CelInput;
  };
}
