import { decodeEvent, findEventType, toJson, type EventType } from '@idp/contracts';
import type { DeadLetterRow } from './dead-letter-rows.ts';

/** The message of a dead letter as JSON; undefined when it cannot be decoded or was not kept whole. */
export function readPayload({
  type,
  payload,
  payload_sha256: digest,
}: DeadLetterRow): Record<string, unknown> | undefined {
  const definition = type === null ? undefined : findEventType(type);
  if (definition === undefined || payload === null || digest !== null) return undefined;
  try {
    return toJson(definition.schema, decodeEvent(type as EventType, payload)) as Record<string, unknown>;
  } catch {
    // Bytes that are no such message, or hold what JSON cannot say.
    return undefined;
  }
}
