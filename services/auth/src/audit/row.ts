import { hash } from 'node:crypto';

export type AuditOutcome = 'succeeded' | 'denied' | 'failed';

/** What the hash of a row covers. Times are ISO 8601 in UTC with milliseconds, hashes hexadecimal. */
export interface AuditRow {
  action: string;
  /** `user:<id>`, `key:<id>` or `service:<name>`. */
  actor: string;
  /** Commitment to address and agent; absent where there were none. */
  clientHash?: string | undefined;
  id: string;
  occurredAt: string;
  onBehalfOf?: string | undefined;
  outcome: AuditOutcome;
  reason?: string | undefined;
  receivedAt: string;
  requestId?: string | undefined;
  resourceId: string;
  resourceType: string;
  /** From 1, without gaps, within the tenant. */
  seq: number;
  service: string;
  sessionId?: string | undefined;
  /** Commitment to the states before and after; absent where there were none. */
  statesHash?: string | undefined;
  tenantId: string;
  traceId?: string | undefined;
  truncated: boolean;
}

/** Values that may be erased later. `text` is their canonical JSON. */
export interface Salted {
  salt: string;
  text: string;
}

/** `prev_hash` of the first row of a tenant. */
export const noHash: string = '0'.repeat(64);

/**
 * Canonical JSON of a row (RFC 8785). Written out instead of sorted: this is done once for every row of a log, and the names
 * are known.
 */
export function rowText(row: AuditRow): string {
  return JSON.stringify({
    action: row.action,
    actor: row.actor,
    clientHash: row.clientHash,
    id: row.id,
    occurredAt: row.occurredAt,
    onBehalfOf: row.onBehalfOf,
    outcome: row.outcome,
    reason: row.reason,
    receivedAt: row.receivedAt,
    requestId: row.requestId,
    resourceId: row.resourceId,
    resourceType: row.resourceType,
    seq: row.seq,
    service: row.service,
    sessionId: row.sessionId,
    statesHash: row.statesHash,
    tenantId: row.tenantId,
    traceId: row.traceId,
    truncated: row.truncated,
  });
}

let scratch = Buffer.allocUnsafe(16 * 1024);

/** `row_hash`: SHA-256 over the 32 bytes of the previous row's hash and the canonical JSON of the row, in hexadecimal. */
export function rowHash(prevHash: string, text: string): string {
  // Three bytes hold what one UTF-16 code unit can become.
  const bytesMax = 32 + text.length * 3;
  if (scratch.length < bytesMax) scratch = Buffer.allocUnsafe(bytesMax);
  scratch.write(prevHash, 0, 32, 'hex');
  const length = 32 + scratch.write(text, 32, 'utf8');
  return hash('sha256', scratch.subarray(0, length));
}

/** SHA-256 over the text of the salt and the canonical JSON of the values, in hexadecimal. */
export function commitment({ salt, text }: Salted): string {
  return hash('sha256', salt + text);
}

/** Canonical JSON of address and agent; undefined without either. */
export function clientText(ip: string | undefined, userAgent: string | undefined): string | undefined {
  return ip === undefined && userAgent === undefined ? undefined : JSON.stringify({ ip, userAgent });
}

/** Canonical JSON of the states from their canonical JSON; undefined without either. */
export function statesText(before: string | undefined, after: string | undefined): string | undefined {
  const members = [
    ...(after === undefined ? [] : [`"after":${after}`]),
    ...(before === undefined ? [] : [`"before":${before}`]),
  ];
  return members.length === 0 ? undefined : `{${members.join()}}`;
}
