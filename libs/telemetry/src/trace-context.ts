import { randomFillSync } from 'node:crypto';

/** Identity of one span, W3C Trace Context level 2. */
export interface TraceContext {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTrace = '0'.repeat(32);
const zeroSpan = '0'.repeat(16);

/**
 * Reads a `traceparent` header (https://www.w3.org/TR/trace-context/ §3.2); undefined for anything malformed: upper case,
 * version ff, all-zero ids, or extra members in version 00.
 */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  if (header === undefined || header.length < 55 || header.length > 512) return undefined;
  const match = traceparentPattern.exec(header);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === zeroTrace || spanId === zeroSpan) return undefined;
  return { traceId: traceId!, spanId: spanId!, sampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

/** A `tracestate` that may be passed on: at most 32 members and 512 characters of printable ASCII. */
export function acceptTracestate(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 512 || !/^[\x20-\x7e]+$/.test(header)) return undefined;
  const members = header.split(',').filter((member) => member.trim() !== '');
  return members.length > 0 && members.length <= 32 ? header : undefined;
}

// Random bytes are taken from a pool: one call of the generator per 128 ids instead of one each.
const pool = Buffer.allocUnsafe(2048);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** A new span below `parent`, or the root of a new trace. A root is not sampled: the tracing SDK decides when it is on. */
export function newTraceContext(parent?: TraceContext): TraceContext {
  if (parent !== undefined) return { traceId: parent.traceId, spanId: randomHex(8), sampled: parent.sampled };
  return { traceId: randomHex(16), spanId: randomHex(8), sampled: false };
}

/** The `traceparent` header of a span. */
export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`;
}
