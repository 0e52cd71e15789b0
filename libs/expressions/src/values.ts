/** Who asks. */
export interface PrincipalValues {
  readonly id: string;
  readonly type: string;
  readonly tenantId: string;
  readonly teamIds: readonly string[];
  /** Authentication context class, for example `idp:aal2`. */
  readonly acr?: string | undefined;
}

/** What is asked about. `undefined` and `null` mean that the attribute is missing; inherited properties do not count. */
export interface ResourceValues {
  readonly id?: string | undefined;
  readonly scope?: {
    readonly projectId?: string | undefined;
    readonly teamId?: string | undefined;
    readonly organizationId?: string | undefined;
  };
  /** By name as declared: strings, whole numbers or bigints, booleans, `Date` or RFC 3339 text, arrays of these. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** How it is asked. */
export interface ContextValues {
  readonly now: Date;
  readonly ip?: string | undefined;
  readonly authAgeSeconds?: number | undefined;
  /** Kind of credential, for example `session` or `api-key`. */
  readonly credential?: string | undefined;
}

/** What is known before any resource is. */
export interface KnownValues {
  readonly principal: PrincipalValues;
  readonly context: ContextValues;
}

/** Everything a condition is evaluated over. */
export interface ConditionValues extends KnownValues {
  readonly resource: ResourceValues;
}

/**
 * Why a condition has no answer: an attribute is missing, has another type than declared, or is larger than a condition
 * may take; or a calculation failed (division by zero, overflow, index beyond the end).
 */
export interface ConditionFault {
  readonly fault: 'missing' | 'type' | 'size' | 'calculation';
  /** Path of the attribute at fault, for example `resource.kind`; absent for `calculation`. */
  readonly attribute?: string;
  /** One sentence; holds no value of an attribute. */
  readonly message: string;
}

/** A value inside a condition; timestamps and durations are milliseconds. */
export type ConditionValue = boolean | bigint | string | readonly (boolean | bigint | string)[];

/** Whether an outcome is a fault. */
export function isFault(outcome: unknown): outcome is ConditionFault {
  return typeof outcome === 'object' && outcome !== null && 'fault' in outcome;
}
