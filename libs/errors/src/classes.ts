import { AppError, type ErrorOptions, type OptionsOfStatus } from './app-error.ts';

/** One thing wrong with the input: where (`body.name`, `query.limit`) and what. */
export interface FieldIssue {
  path: string;
  message: string;
  code?: string;
}

/** 400: the request is malformed; `details.issues` names every member at fault. */
export class ValidationError extends AppError {
  constructor(message: string, options: OptionsOfStatus<400> & { issues?: readonly FieldIssue[] } = {}) {
    const { issues, ...rest } = options;
    super(options.code ?? 'VALIDATION_ERROR', message, issues === undefined ? rest : { ...rest, details: { issues } });
  }
}

/** 401: no or no valid credential. */
export class AuthError extends AppError {
  constructor(message: string, options: OptionsOfStatus<401> = {}) {
    super(options.code ?? 'AUTH_REQUIRED', message, options);
  }
}

/** 403: the principal is known and may not. */
export class PermissionError extends AppError {
  constructor(message: string, options: OptionsOfStatus<403> = {}) {
    super(options.code ?? 'PERMISSION_DENIED', message, options);
  }
}

/** 404: does not exist, or the caller may not know that it does. */
export class NotFoundError extends AppError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('NOT_FOUND', message, options);
  }
}

/** 409: another resource or request is in the way. */
export class ConflictError extends AppError {
  constructor(message: string, options: OptionsOfStatus<409> = {}) {
    super(options.code ?? 'CONFLICT', message, options);
  }
}

/** 409: the resource's state does not allow the transition. */
export class InvalidStateError extends AppError {
  constructor(message: string, options: OptionsOfStatus<409> = {}) {
    super(options.code ?? 'INVALID_STATE', message, options);
  }
}

/** 412: `If-Match` names another version. */
export class PreconditionError extends AppError {
  constructor(message: string, options: OptionsOfStatus<412> = {}) {
    super(options.code ?? 'PRECONDITION_FAILED', message, options);
  }
}

/** 413: larger than the route takes. */
export class PayloadTooLargeError extends AppError {
  constructor(message: string, options: OptionsOfStatus<413> = {}) {
    super(options.code ?? 'PAYLOAD_TOO_LARGE', message, options);
  }
}

/** 422: well-formed, but cannot be carried out. */
export class UnprocessableError extends AppError {
  constructor(message: string, options: OptionsOfStatus<422> = {}) {
    super(options.code ?? 'UNPROCESSABLE', message, options);
  }
}

/** 429: over a rate limit; set `retryAfterSeconds`. */
export class RateLimitError extends AppError {
  constructor(message: string, options: OptionsOfStatus<429> = {}) {
    super(options.code ?? 'RATE_LIMIT_EXCEEDED', message, options);
  }
}

/** 502: a system we depend on answered wrongly. */
export class UpstreamError extends AppError {
  constructor(message: string, options: OptionsOfStatus<502> = {}) {
    super(options.code ?? 'UPSTREAM_ERROR', message, options);
  }
}

/** 503: a dependency is away or the process is draining. */
export class UnavailableError extends AppError {
  constructor(message: string, options: OptionsOfStatus<503> = {}) {
    super(options.code ?? 'UNAVAILABLE', message, options);
  }
}

/** 504: the deadline of the request or of a call made for it has passed. */
export class TimeoutError extends AppError {
  constructor(message: string, options: OptionsOfStatus<504> = {}) {
    super(options.code ?? 'TIMEOUT', message, options);
  }
}
