import { ConflictError } from '@idp/errors';

/** Queues, schedules or settings that cannot work together; the service does not start. */
export class JobConfigurationError extends Error {
  override readonly name = 'JobConfigurationError';
}

/** Thrown by a handler: trying again cannot help. The job is dead at once, with `code` for its operators. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly code: string;

  constructor(message: string, options: ErrorOptions & { code?: string } = {}) {
    const { code = 'PERMANENT', ...rest } = options;
    super(message, rest);
    this.code = code;
  }
}

/** 409: the job belongs to another run by now; nothing of this transaction was committed. */
export class StaleLeaseError extends ConflictError {}
