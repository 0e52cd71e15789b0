import type { AttributeType } from '../environment.ts';
import type { ConditionValue } from '../values.ts';

/** Type of a term; `list<nothing>` is the empty list, which fits every list. */
export type TermType =
  AttributeType | 'duration' | 'list<timestamp>' | 'list<bool>' | 'list<duration>' | 'list<nothing>';

/** Operators and functions, by the name CEL gives them. */
export type Operator =
  | '&&'
  | '||'
  | '!'
  | '?:'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | 'negate'
  | 'index'
  | 'size'
  | 'startsWith'
  | 'endsWith'
  | 'contains';

export type Macro = 'all' | 'exists' | 'exists_one' | 'filter' | 'map';

interface Typed {
  readonly type: TermType;
  /** Offset in the text, for messages. */
  readonly offset: number;
}

export interface LiteralTerm extends Typed {
  readonly kind: 'literal';
  /** Timestamps and durations are milliseconds. */
  readonly value: ConditionValue;
}

/** Value of an attribute, or whether it has one. */
export interface AttributeTerm extends Typed {
  readonly kind: 'attribute' | 'has';
  readonly path: string;
}

/** The variable of the comprehension around it. */
export interface VariableTerm extends Typed {
  readonly kind: 'variable';
  readonly name: string;
}

export interface ListTerm extends Typed {
  readonly kind: 'list';
  readonly parts: readonly Term[];
}

/** `&&` and `||` have two or more parts, as written in a row; a method has its receiver first. */
export interface CallTerm extends Typed {
  readonly kind: 'call';
  readonly operator: Operator;
  readonly parts: readonly Term[];
}

/** `range.macro(variable, parts…)`. */
export interface ComprehensionTerm extends Typed {
  readonly kind: 'comprehension';
  readonly macro: Macro;
  readonly range: Term;
  readonly variable: string;
  readonly parts: readonly Term[];
}

/** A condition after checking: every term has a type, every attribute is declared. */
export type Term = LiteralTerm | AttributeTerm | VariableTerm | ListTerm | CallTerm | ComprehensionTerm;

/** The terms directly inside a term. */
export function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'list':
    case 'call':
      return term.parts;
    case 'comprehension':
      return [term.range, ...term.parts];
    default:
      return [];
  }
}

/** Attribute terms anywhere in a term. */
export function attributesOf(term: Term): AttributeTerm[] {
  if (term.kind === 'attribute' || term.kind === 'has') return [term];
  return partsOf(term).flatMap(attributesOf);
}

/** Whether the value of a term depends on the resource. */
export function speaksOfResource(term: Term): boolean {
  return attributesOf(term).some((attribute) => attribute.path.startsWith('resource.'));
}
