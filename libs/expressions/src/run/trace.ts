import { printTerm, readable } from '../compile/print.ts';
import { partsOf, type Term, type TermType } from '../compile/term.ts';
import { isFault, type ConditionFault, type ConditionValue, type ConditionValues } from '../values.ts';
import type { Program } from './program.ts';

export interface TraceOptions {
  /** Leave out what principal, resource and context hold; the truth of each test stays. */
  readonly redact?: boolean;
}

/** One part of a condition and what it came to; JSON-able. */
export interface TraceStep {
  /** CEL text of the part. */
  readonly expression: string;
  /** Absent if there is none, or if it is redacted. Integers that JavaScript cannot hold are text, moments RFC 3339. */
  readonly value?: TraceValue;
  readonly redacted?: true;
  /** Why there is no value. */
  readonly fault?: ConditionFault;
  /** The parts it is made of, literals left out; none inside a comprehension, whose variable has many values. */
  readonly steps?: readonly TraceStep[];
}

/** A value as JSON has it; a duration is text such as `1500ms`. */
export type TraceValue = boolean | number | string | readonly (boolean | number | string)[];

interface Tracing {
  readonly values: ConditionValues;
  readonly redact: boolean;
  programOf(term: Term): Program;
}

/** The trace of a term. Every part is evaluated by itself, also those the condition did not need. */
export function traceTerm(term: Term, tracing: Tracing): TraceStep {
  const outcome = tracing.programOf(term)(tracing.values);
  const inner = term.kind === 'comprehension' ? [term.range] : partsOf(term);
  const steps = inner.filter((part) => part.kind !== 'literal').map((part) => traceTerm(part, tracing));
  return {
    expression: printTerm(term, readable),
    ...shown(term, outcome, tracing.redact),
    ...(steps.length > 0 && { steps }),
  };
}

function shown(
  term: Term,
  outcome: ConditionValue | ConditionFault,
  redact: boolean,
): Pick<TraceStep, 'value' | 'redacted' | 'fault'> {
  if (isFault(outcome)) return { fault: outcome };
  const isTest = term.type === 'bool' && term.kind !== 'attribute';
  return redact && !isTest ? { redacted: true } : { value: toJson(outcome, term.type) };
}

function toJson(value: ConditionValue, type: TermType): TraceValue {
  if (typeof value === 'object') {
    const element = type.slice('list<'.length, -1) as TermType;
    return value.map((item) => toJson(item, element) as boolean | number | string);
  }
  if (typeof value !== 'bigint') return value;
  if (type === 'timestamp') return momentText(value);
  if (type === 'duration') return `${value}ms`;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

function momentText(milliseconds: bigint): string {
  const date = new Date(Number(milliseconds));
  return Number.isNaN(date.getTime()) ? `${milliseconds}ms` : date.toISOString();
}
