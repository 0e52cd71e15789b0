import { AppError } from './app-error.ts';
import { errorDefinition, type ErrorCode } from './catalogue.ts';

/** An error as the caller sees it. */
export interface WireError {
  status: number;
  code: ErrorCode;
  message: string;
  details?: unknown;
  headers: Record<string, string>;
}

const internalError = errorDefinition('INTERNAL_ERROR');

/**
 * The wire form of anything thrown. Only `AppError` is shown; everything else becomes 500 `INTERNAL_ERROR` with a
 * constant message, so that no text of a library, database or other system leaks. 401 carries `WWW-Authenticate`
 * (RFC 9110 §11.6.1, RFC 6750 §3), 429 and 503 carry `Retry-After`.
 */
export function toWire(error: unknown): WireError {
  if (!(error instanceof AppError)) {
    return { status: internalError.status, code: 'INTERNAL_ERROR', message: internalError.title, headers: {} };
  }
  const definition = errorDefinition(error.code);
  const headers: Record<string, string> = { ...error.headers };
  if (error.status === 401 && headers['www-authenticate'] === undefined) headers['www-authenticate'] = 'Bearer';
  const retryAfter = error.retryAfterSeconds ?? (error.status === 503 || error.status === 429 ? 1 : undefined);
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(0, Math.ceil(retryAfter)));
  if (definition.constant === true) {
    return { status: error.status, code: error.code, message: definition.title, headers };
  }
  const wire: WireError = { status: error.status, code: error.code, message: error.message, headers };
  if (error.details !== undefined) wire.details = error.details;
  return wire;
}
