import { errorDefinition, type CodeOfStatus, type ErrorCode } from './catalogue.ts';

/** What may accompany an error. */
export interface ErrorOptions {
  /** Sent to the caller as `error.details`; must hold nothing the caller may not know. */
  details?: unknown;
  /** What went wrong underneath; logged, never sent. */
  cause?: unknown;
  /** Whole or fractional seconds; sent rounded up as `Retry-After`. */
  retryAfterSeconds?: number;
  /** Further response headers. */
  headers?: Record<string, string>;
}

/** Expected failure: a code of the catalogue and a message that may be shown to the caller. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details?: unknown;
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = errorDefinition(code).status;
    if (options.details !== undefined) this.details = options.details;
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
    if (options.headers !== undefined) this.headers = options.headers;
  }
}

/** Options of the class for one status: its default code may be replaced by another of the same status. */
export type OptionsOfStatus<Status extends number> = ErrorOptions & { code?: CodeOfStatus<Status> };
