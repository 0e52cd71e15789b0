export { declareAttributes, type AttributeType, type ConditionEnvironment } from './environment.ts';
export { compileCondition, type CompileOptions, type Condition } from './condition.ts';
export { conditionFromMap } from './from-map.ts';
export {
  isFault,
  type ConditionFault,
  type ConditionValue,
  type ConditionValues,
  type ContextValues,
  type KnownValues,
  type PrincipalValues,
  type ResourceValues,
} from './values.ts';
export type { TraceOptions, TraceStep, TraceValue } from './run/trace.ts';
export type { Column, Columns } from './sql/operands.ts';
export type { Position, RefusalReason } from './compile/refusal.ts';
