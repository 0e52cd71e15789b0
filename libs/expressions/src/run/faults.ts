import type { AttributeType } from '../environment.ts';
import type { ConditionFault } from '../values.ts';
import { listItemsMax, textBytesMax } from './functions.ts';

/** What an attribute is wrong by. */
export type Defect = 'missing' | 'type' | 'size';

const sentences: Readonly<Record<Defect, (path: string, type: AttributeType) => string>> = {
  missing: (path) => `${path} has no value`,
  type: (path, type) => `${path} is not of type ${type}`,
  size: (path) => `${path} is larger than ${textBytesMax} bytes or ${listItemsMax} items`,
};

/** The fault of an attribute. */
export function attributeFault(defect: Defect, path: string, type: AttributeType): ConditionFault {
  return { fault: defect, attribute: path, message: sentences[defect](path, type) };
}

const calculations: readonly [sign: RegExp, message: string][] = [
  [/by zero/, 'a number is divided by zero'],
  [/overflow|out of range/, 'a number does not fit 64 bits'],
  [/out of bounds/, 'an index is beyond the end of its list'],
  [/longer than/, `a text became longer than ${textBytesMax} bytes`],
];

/** The fault of a calculation: said again in words of our own, because the library's may hold values. */
export function calculationFault(libraryMessage: string): ConditionFault {
  const known = calculations.find(([sign]) => sign.test(libraryMessage));
  return { fault: 'calculation', message: known?.[1] ?? 'a calculation has no result' };
}
