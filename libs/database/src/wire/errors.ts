import {
  ConflictError,
  TimeoutError,
  UnavailableError,
  UnprocessableError,
  ValidationError,
  type AppError,
} from '@idp/errors';

/** The parts of PostgreSQL's error that decide what becomes of it. */
export interface SqlError extends Error {
  /** SQLSTATE. */
  code: string;
  severity?: string;
  constraint?: string;
  detail?: string;
  routine?: string;
}

/** 503: the connection was lost after COMMIT was sent; the transaction may or may not have happened. */
export class CommitUnknownError extends UnavailableError {
  constructor(cause: unknown) {
    super('The database did not confirm the change; it may or may not have happened.', {
      cause,
      retryAfterSeconds: 1,
    });
  }
}

export function isSqlError(error: unknown): error is SqlError {
  return (
    error instanceof Error &&
    typeof (error as SqlError).code === 'string' &&
    /^[0-9A-Z]{5}$/.test((error as SqlError).code)
  );
}

export interface ErrorContext {
  constraints: Readonly<Record<string, string>>;
  /** The statement was a DELETE: a broken reference means that others still refer to the row. */
  deleting: boolean;
  /** The transaction was opened READ ONLY: a refused write is a mistake of ours, not a demoted server. */
  readOnly: boolean;
}

const badInput = new Set(['22P02', '22001', '22003', '22021', '22P05', '22007', '22008']);

/** PostgreSQL's error as one of ours (data.md §2.3); undefined where it is a bug of ours or an attack, hence a 500. */
export function translateSqlError(error: SqlError, context: ErrorContext): AppError | undefined {
  const cause = error;
  const field = error.constraint === undefined ? undefined : context.constraints[error.constraint];
  const details = field === undefined ? {} : { details: { field } };
  switch (error.code) {
    case '23505':
      return new ConflictError(field === undefined ? 'This already exists.' : `Another resource has this ${field}.`, {
        cause,
        ...details,
      });
    case '23503':
      if (context.deleting) return new ConflictError('Other resources still refer to this one.', { cause, ...details });
      return new UnprocessableError('A referenced resource does not exist.', {
        code: 'REFERENCE_INVALID',
        cause,
        ...details,
      });
    case '23514':
      return new UnprocessableError(field === undefined ? 'A value is not allowed.' : `This ${field} is not allowed.`, {
        cause,
        ...details,
      });
    case '40001':
    case '40P01':
      return new ConflictError('Another update came first.', { code: 'CONCURRENT_UPDATE', cause });
    case '55P03':
      return new UnavailableError('The resource is busy.', { cause, retryAfterSeconds: 1 });
    case '57014':
      return new TimeoutError('The database took too long.', { cause });
    case '25006':
      if (context.readOnly) return undefined;
      return new UnavailableError('The database is switching over.', { cause, retryAfterSeconds: 1 });
  }
  if (badInput.has(error.code)) return new ValidationError('A value cannot be stored.', { cause });
  if (/^(53|57P0|08)/.test(error.code)) {
    return new UnavailableError('The database is not available.', { cause, retryAfterSeconds: 1 });
  }
  return undefined;
}

/** A lost socket as one of our errors. */
export function translateLostConnection(error: unknown, cutBecause: 'silence' | 'abort' | undefined): AppError {
  if (cutBecause === 'silence') return new TimeoutError('The database did not answer in time.', { cause: error });
  if (cutBecause === 'abort') return new TimeoutError('The request ended before its work did.', { cause: error });
  return new UnavailableError('The connection to the database was lost.', { cause: error, retryAfterSeconds: 1 });
}
