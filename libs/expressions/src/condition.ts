import { checkCondition } from './compile/check.ts';
import type { ConditionEnvironment } from './environment.ts';
import { createProgram } from './run/program.ts';
import type { ConditionFault, ConditionValues } from './values.ts';

export interface CompileOptions {
  /** Called with the milliseconds of an evaluation that took longer than 2 ms; for a metric. */
  readonly onSlow?: (milliseconds: number) => void;
}

/** A checked condition. */
export interface Condition {
  readonly text: string;
  /** `true`, `false`, or why there is no answer. Never throws. */
  evaluate(values: ConditionValues): boolean | ConditionFault;
}

/** Evaluations longer than this are reported. */
const slowMs = 2;

export function compileCondition(
  text: string,
  environment: ConditionEnvironment,
  options: CompileOptions = {},
): Condition {
  const term = checkCondition(text, environment);
  const run = createProgram(term, { bounded: true });
  const { onSlow } = options;
  return {
    text,
    evaluate: (values) => {
      const startedAt = performance.now();
      const outcome = run(values) as boolean | ConditionFault;
      const elapsedMs = performance.now() - startedAt;
      if (elapsedMs > slowMs) onSlow?.(elapsedMs);
      return outcome;
    },
  };
}
