import { DecodeError } from '@idp/contracts';
import { AppError } from '@idp/errors';
import { createHash } from 'node:crypto';
import { RetryLater } from '../errors.ts';
import { errorCodes } from '../sql-state.ts';

/**
 * `transient`: trying again soon may help. `later`: the handler asked for time. `permanent`: trying again changes nothing.
 * `connection`: no statement gets through, nothing can be recorded either.
 */
export type FailureClass = 'transient' | 'later' | 'permanent' | 'connection';

export interface Failure {
  readonly class: FailureClass;
  readonly code: string;
  readonly message: string;
  readonly delayMs?: number;
}

/** The handler took longer than its time. */
export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeoutError';
}

/** A handler failed; says on which event. */
export class HandlerFailure extends Error {
  override readonly name = 'HandlerFailure';
  readonly eventId: string | undefined;

  constructor(eventId: string | undefined, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.eventId = eventId;
  }
}

/** The right to commit is gone: another owner has the partition. */
export class StaleChunkError extends Error {
  override readonly name = 'StaleChunkError';
}

const transientState = /^(40001|40P01|55P03|57014|57P0.|53...)$/;
const connectionState = /^(08...|57P0[123]|53300)$/;
const connectionCode = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** What a failure of a handler, or of its commit, calls for. */
export function classify(error: unknown): Failure {
  const cause = error instanceof HandlerFailure ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof RetryLater) return { class: 'later', code: 'RETRY_LATER', message, delayMs: cause.delayMs };
  if (cause instanceof HandlerTimeoutError) return { class: 'transient', code: 'HANDLER_TIMEOUT', message };
  if (cause instanceof DecodeError) return { class: 'permanent', code: 'DECODE_FAILED', message };
  const codes = errorCodes(cause);
  const sqlState = codes.find((code) => /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code));
  const code = cause instanceof AppError ? cause.code : (sqlState ?? codes[0] ?? 'HANDLER_FAILED');
  if (codes.some((found) => connectionState.test(found) || connectionCode.has(found)) || isLostConnection(cause)) {
    return { class: 'connection', code, message };
  }
  if (codes.some((found) => transientState.test(found)) || isTransientStatus(cause)) {
    return { class: 'transient', code, message };
  }
  return { class: 'permanent', code, message };
}

function isTransientStatus(cause: unknown): boolean {
  if (!(cause instanceof AppError)) return false;
  return cause.status === 429 || cause.status >= 502 || cause.code === 'CONCURRENT_UPDATE';
}

/** A lost socket has no code of its own: `@idp/database` says it as UNAVAILABLE. */
function isLostConnection(cause: unknown): boolean {
  return cause instanceof AppError && cause.code === 'UNAVAILABLE' && errorCodes(cause).length === 1;
}

/** Equal for failures of one kind: numbers, ids and quoted values in the message do not count. */
export function fingerprint(
  consumer: string,
  type: string | undefined,
  { code, message }: { code: string; message: string },
): string {
  const shape = message
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '<id>')
    .replaceAll(/"[^"]*"|'[^']*'/g, '<text>')
    .replaceAll(/\d+/g, '<n>');
  return createHash('sha256')
    .update([consumer, type ?? '', code, shape].join('\n'))
    .digest('hex')
    .slice(0, 16);
}
