export { declareAttributes, type AttributeType, type ConditionEnvironment } from './environment.ts';
export { compileCondition, type CompileOptions, type Condition } from './condition.ts';
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
export type { Position, RefusalReason } from './compile/refusal.ts';
