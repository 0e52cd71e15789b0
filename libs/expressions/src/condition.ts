import { UnprocessableError } from '@idp/errors';
import type { Expression, SqlBool } from 'kysely';
import { checkCondition } from './compile/check.ts';
import type { Term } from './compile/term.ts';
import type { ConditionEnvironment } from './environment.ts';
import { createProgram, type Program, type ProgramOptions } from './run/program.ts';
import { traceTerm, type TraceOptions, type TraceStep } from './run/trace.ts';
import { assertFilterable } from './sql/filterable.ts';
import type { Columns } from './sql/operands.ts';
import { translate } from './sql/translate.ts';
import type { ConditionFault, ConditionValues, KnownValues } from './values.ts';

export interface CompileOptions {
  /**
   * Names of attributes that lists can be filtered by, as written after `resource.`. Given, the condition must translate
   * to SQL, and `toSql` works.
   */
  readonly filterable?: ReadonlySet<string>;
  /** Called with the milliseconds of an evaluation that took longer than 2 ms; for a metric. */
  readonly onSlow?: (milliseconds: number) => void;
}

/** A checked condition. */
export interface Condition {
  readonly text: string;
  /** `true`, `false`, or why there is no answer. Never throws. */
  evaluate(values: ConditionValues): boolean | ConditionFault;
  /** The condition and its parts with their values, outermost first. Never throws. */
  trace(values: ConditionValues, options?: TraceOptions): TraceStep;
  /**
   * The condition over columns: true where `evaluate` is true, false where it is false, null where it faults. A boolean
   * if no row can change it. Throws 422 `CONDITION_NOT_FILTERABLE` unless compiled with `filterable`, and `TypeError` if
   * a column is absent.
   */
  toSql(known: KnownValues, columns: Columns): boolean | Expression<SqlBool>;
}

/** Evaluations longer than this are reported. */
const slowMs = 2;

/**
 * Checks and plans a condition. Bounds (auth.md §2B.3): 1,024 characters, 128 nodes, 16 deep, one comprehension and not
 * nested, declared attributes only, types equal without coercion, boolean result. Throws 422 `CONDITION_INVALID` or
 * `CONDITION_NOT_FILTERABLE` with details `{reason, position?}`.
 */
export function compileCondition(
  text: string,
  environment: ConditionEnvironment,
  { filterable, onSlow }: CompileOptions = {},
): Condition {
  const term = checkCondition(text, environment);
  if (filterable !== undefined) assertFilterable(term, text, filterable);
  // What translates to SQL only compares, and a list must not answer otherwise than a check of the same row.
  const options: ProgramOptions = { isBounded: (path) => filterable === undefined || !path.startsWith('resource.') };
  const programOf = remembered((part) => createProgram(part, options));
  const run = programOf(term);
  return {
    text,
    evaluate: (values) => {
      const startedAt = performance.now();
      const outcome = run(values) as boolean | ConditionFault;
      const elapsedMs = performance.now() - startedAt;
      if (elapsedMs > slowMs) onSlow?.(elapsedMs);
      return outcome;
    },
    trace: (values, traceOptions = {}) => traceTerm(term, { values, programOf, redact: traceOptions.redact ?? false }),
    toSql: (known, columns) => {
      if (filterable === undefined) {
        throw new UnprocessableError('This condition was not made to filter lists', {
          code: 'CONDITION_NOT_FILTERABLE',
        });
      }
      return translate(term, { known, columns, programOf });
    },
  };
}

/** Parts are planned when they are first asked for: most conditions are only ever evaluated as a whole. */
function remembered(create: (term: Term) => Program): (term: Term) => Program {
  const programs = new Map<Term, Program>();
  return (term) => {
    const program = programs.get(term) ?? create(term);
    programs.set(term, program);
    return program;
  };
}
