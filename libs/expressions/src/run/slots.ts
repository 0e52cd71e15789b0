import { celError, type CelInput } from '@bufbuild/cel';
import type { AttributeTerm } from '../compile/term.ts';
import type { AttributeType } from '../environment.ts';
import type { ConditionFault, ConditionValues } from '../values.ts';
import { attributeFault, type Defect } from './faults.ts';
import { convert, isPresent, reader } from './read.ts';

/** Finds what a variable of the plan holds: a checked value, or an error of the library's kind. */
export type Slot = (values: ConditionValues) => CelInput;

/** The slot of `has(attribute)`. */
export function presenceSlot({ path }: AttributeTerm): Slot {
  const read = reader(path);
  return (values) => isPresent(read(values));
}

/** The slot of an attribute. Its errors are made once each; `faults` tells by their message what they mean. */
export function valueSlot(
  { path, type }: AttributeTerm,
  { isBounded, faults }: { isBounded: boolean; faults: Map<string, ConditionFault> },
): Slot {
  const read = reader(path);
  const declared = type as AttributeType;
  const errors: Partial<Record<Defect, CelInput>> = {};
  const errorOf = (defect: Defect): CelInput => {
    const fault = attributeFault(defect, path, declared);
    faults.set(fault.message, fault);
    // The library passes its errors on as values; its types know them only as results.
    return celError(fault.message) as unknown as CelInput;
  };
  return (values) => {
    const converted = convert(read(values), declared, isBounded);
    if (typeof converted !== 'object' || !('defect' in converted)) return converted;
    return (errors[converted.defect] ??= errorOf(converted.defect));
  };
}
