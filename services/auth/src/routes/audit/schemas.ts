import { timestamp } from '@idp/service';
import { z } from 'zod';
import type { AuditExport } from '../../store/audit/exports.ts';
import type { SignedCheckpoint } from '../../audit/checkpoint.ts';
import type { AuditOutcome } from '../../audit/row.ts';
import { milliseconds } from '../../store/audit/arrivals.ts';
import type { StoredAuditRow } from '../../store/audit/chain.ts';

export const outcome = z.enum(['succeeded', 'denied', 'failed']);

const state = z.unknown().meta({ description: 'JSON; `null` where there was none or it was erased' });

export const auditRowSchema = z.object({
  id: z.uuid(),
  seq: z.int().meta({ description: 'Number in the chain of the tenant, from 1 without gaps' }),
  occurredAt: timestamp(),
  receivedAt: timestamp(),
  service: z.string().meta({ examples: ['catalog'] }),
  actor: z.string().meta({ examples: ['user:0192d6a0-0000-7000-8000-000000000001'] }),
  onBehalfOf: z.string().nullable(),
  action: z.string().meta({ examples: ['catalog:service:update'] }),
  resourceType: z.string(),
  resourceId: z.string(),
  outcome,
  before: state,
  after: state,
  truncated: z.boolean().meta({ description: 'The states were too large: only the paths that changed are kept' }),
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  sessionId: z.string().nullable(),
  requestId: z.string().nullable(),
  traceId: z.string().nullable(),
  reason: z.string().nullable(),
  prevHash: z.string(),
  rowHash: z.string().meta({ description: 'SHA-256 over `prevHash` and the canonical JSON of the row' }),
});

export function auditRowView(row: StoredAuditRow): z.input<typeof auditRowSchema> {
  return {
    id: row.id,
    seq: row.seq,
    occurredAt: milliseconds(row.occurred_at),
    receivedAt: milliseconds(row.received_at),
    service: row.service,
    actor: row.actor,
    onBehalfOf: row.on_behalf_of,
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    outcome: row.outcome as AuditOutcome,
    before: parsed(row.before),
    after: parsed(row.after),
    truncated: row.truncated,
    ip: row.ip,
    userAgent: row.user_agent,
    sessionId: row.session_id,
    requestId: row.request_id,
    traceId: row.trace_id,
    reason: row.reason,
    prevHash: row.prev_hash.toString('hex'),
    rowHash: row.row_hash.toString('hex'),
  };
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

export const checkpointSchema = z.object({
  checkpoint: z
    .object({
      at: timestamp(),
      fromSeq: z.int(),
      lastHash: z.string(),
      tenantId: z.uuid(),
      toSeq: z.int(),
    })
    .meta({ description: 'What is signed: its canonical JSON (RFC 8785)' }),
  kid: z.string(),
  signature: z.string().meta({ description: 'Ed25519, base64url' }),
}) satisfies z.ZodType<SignedCheckpoint>;

/** How long an export may be downloaded after it is ready. */
const downloadMs = 15 * 60_000;

export const auditExportSchema = z.object({
  id: z.uuid(),
  state: z.enum(['pending', 'ready', 'empty', 'expired']),
  from: timestamp().nullable(),
  to: timestamp().nullable(),
  fromSeq: z.int().nullable(),
  toSeq: z.int().nullable(),
  createdAt: timestamp(),
  expiresAt: timestamp().nullable(),
  downloadUrl: z.string().nullable().meta({ description: 'For the same person, until `expiresAt`' }),
});

export function auditExportView(row: AuditExport, now: Date): z.input<typeof auditExportSchema> {
  const expires = row.readyAt === null ? null : new Date(Date.parse(row.readyAt) + downloadMs);
  const expired = row.state === 'ready' && expires !== null && expires <= now;
  return {
    id: row.id,
    state: expired ? 'expired' : row.state,
    from: row.signedAfter && milliseconds(row.signedAfter),
    to: row.signedUntil && milliseconds(row.signedUntil),
    fromSeq: row.fromSeq,
    toSeq: row.toSeq,
    createdAt: milliseconds(row.createdAt),
    expiresAt: row.state === 'ready' && expires !== null ? expires.toISOString() : null,
    downloadUrl: row.state === 'ready' && !expired ? `/api/v1/auth/audit-logs/exports/${row.id}/download` : null,
  };
}
