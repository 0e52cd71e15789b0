import { z } from 'zod';
import type { DeadLetterFilter, DeadLetterRow, DeadLetterSummary } from '@idp/events';
import { timestamp } from '../../input/ids.ts';
import { name } from '../../input/text.ts';

const status = z.enum(['open', 'redriven', 'discarded']);

/** Which dead letters; all members are optional. */
export const deadLetterFilter = {
  consumer: name({ max: 200 }).optional().meta({ description: 'Name of a consumer, `<service>.<purpose>`' }),
  type: name({ max: 300 }).optional().meta({ description: 'Full name of a message' }),
  errorCode: name({ max: 100 }).optional(),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits')
    .optional()
    .meta({ description: 'Equal for failures of one kind' }),
  key: name({ max: 600 }).optional().meta({ description: '`<tenant>:<aggregate>`' }),
  from: timestamp().optional().meta({ description: 'First failed at this time or later' }),
  to: timestamp().optional().meta({ description: 'First failed before this time' }),
};

/** The same as it is kept with a job. */
export const storedFilter = z.strictObject({
  consumer: z.string().optional(),
  type: z.string().optional(),
  errorCode: z.string().optional(),
  fingerprint: z.string().optional(),
  key: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
});

export const statusFilter = { status: status.optional() };

export const deadLetterSchema = z.object({
  id: z.string(),
  consumer: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  type: z.string().nullable(),
  key: z.string(),
  sequence: z.int().nullable().meta({ description: 'Version of the aggregate' }),
  eventId: z.string(),
  payloadBytes: z.int(),
  errorCode: z.string(),
  message: z.string(),
  fingerprint: z.string(),
  attempts: z.int(),
  firstFailedAt: z.string(),
  lastFailedAt: z.string(),
  status,
  closedAt: z.string().nullable(),
  closedBy: z.string().nullable(),
  reason: z.string().nullable(),
});

export const deadLetterDetailSchema = deadLetterSchema.extend({
  headers: z.record(z.string(), z.string()),
  payload: z
    .record(z.string(), z.unknown())
    .nullable()
    .meta({ description: 'The message as JSON; null when it cannot be decoded' }),
  payloadBase64: z.string().nullable().meta({ description: 'The bytes, where they cannot be decoded' }),
  payloadSha256: z
    .string()
    .nullable()
    .meta({ description: 'Digest of the whole payload where only its beginning was kept' }),
  history: z.array(
    z.object({
      at: z.string(),
      actor: z.string(),
      outcome: z.enum(['applied', 'failed', 'discarded']),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});

export const deadLetterGroupSchema = z.object({
  consumer: z.string(),
  type: z.string().nullable(),
  errorCode: z.string(),
  fingerprint: z.string(),
  status,
  letters: z.int(),
  tenants: z.int(),
  firstFailedAt: z.string(),
  lastFailedAt: z.string(),
});

export function summaryView(row: DeadLetterSummary): z.input<typeof deadLetterSchema> {
  return {
    id: row.id,
    consumer: row.consumer,
    topic: row.topic,
    partition: row.part,
    offset: row.offset,
    type: row.type,
    key: row.key,
    sequence: row.sequence,
    eventId: row.event_id,
    payloadBytes: row.payload_bytes,
    errorCode: row.error_code,
    message: row.message,
    fingerprint: row.fingerprint,
    attempts: row.attempts,
    firstFailedAt: row.first_at,
    lastFailedAt: row.last_at,
    status: row.status,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    reason: row.reason,
  };
}

export function detailView(
  row: DeadLetterRow,
  payload: Record<string, unknown> | undefined,
): z.input<typeof deadLetterDetailSchema> {
  return {
    ...summaryView(row),
    headers: JSON.parse(row.headers) as Record<string, string>,
    payload: payload ?? null,
    payloadBase64: payload === undefined ? (row.payload?.toString('base64') ?? null) : null,
    payloadSha256: row.payload_sha256?.toString('hex') ?? null,
    history: row.history,
  };
}

/** A filter in force, for the binding of cursors: the same text for the same filter. */
export function filterText(filter: DeadLetterFilter): string {
  return JSON.stringify(Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
