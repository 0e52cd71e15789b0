import { newId, type EventTypeDefinition } from '@idp/contracts';
import type { OperationContext } from '@idp/telemetry';
import { assertHeader, formatSequence } from '../envelope/headers.ts';

export interface EnvelopeInput {
  type: string;
  definition: EventTypeDefinition;
  service: string;
  tenantId: string;
  aggregateId: string;
  key: string;
  version: number | undefined;
  subject: string | undefined;
  causation: string | undefined;
  correlation: string | undefined;
  snapshot: boolean;
  context: OperationContext | undefined;
  time: Date;
}

export interface Envelope {
  id: string;
  headers: Record<string, string>;
}

/**
 * Headers of a new event: CloudEvents 1.0 attributes in the binary mode of the Kafka protocol binding, with the extensions
 * partitioning, sequence and distributed tracing. Throws HeaderError.
 */
export function createEnvelope(input: EnvelopeInput): Envelope {
  const { context, definition, version } = input;
  const id = newId();
  const optional: Record<string, string | undefined> = {
    ce_actorid: context?.actor,
    ce_sequence: version === undefined ? undefined : formatSequence(version),
    ce_sequencetype: version === undefined ? undefined : 'Integer',
    ce_causationid: input.causation ?? context?.causationId ?? context?.requestId,
    ce_correlationid: input.correlation ?? context?.correlationId ?? context?.requestId,
    ce_snapshot: input.snapshot ? 'true' : undefined,
    ce_traceparent: context?.traceparent,
    ce_tracestate: context?.tracestate,
    traceparent: context?.traceparent,
    tracestate: context?.tracestate,
  };
  const headers: Record<string, string> = {
    'content-type': 'application/protobuf',
    ce_specversion: '1.0',
    ce_id: id,
    ce_type: input.type,
    ce_source: `/idp/${input.service}`,
    ce_time: input.time.toISOString(),
    ce_subject: input.subject ?? `${definition.aggregate}/${input.aggregateId}`,
    ce_partitionkey: input.key,
    ce_tenantid: input.tenantId,
    ce_dataschema: definition.dataSchema,
  };
  for (const [name, value] of Object.entries(optional)) {
    if (value !== undefined && value !== '') headers[name] = value;
  }
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value);
  return { id, headers };
}
