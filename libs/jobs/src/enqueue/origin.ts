import { currentContext } from '@idp/telemetry';

/** Who and what a job goes back to; kept with it, for its audit rows, events and traces. */
export interface Origin {
  actor?: string;
  correlationId?: string;
  causationId?: string;
  traceparent?: string;
}

/** What of the operation in hand a job remembers. A person on whose behalf a service acts counts as the actor. */
export function currentOrigin(): Origin | null {
  const context = currentContext();
  if (context === undefined) return null;
  const origin: Origin = {
    traceparent: context.traceparent,
    correlationId: context.correlationId ?? context.requestId,
  };
  const actor = context.onBehalfOf ?? context.actor;
  if (actor !== undefined) origin.actor = actor;
  origin.causationId = context.causationId ?? context.requestId;
  return origin;
}
