import { ValidationError } from '@idp/errors';
import { ModelError } from '../domain/model/model-error.ts';

/** Runs a rule of the model on what a caller sent: a broken rule is a 400 that names the member. */
export function judged<T>(run: () => T, root = 'entity'): T {
  try {
    return run();
  } catch (err) {
    if (!(err instanceof ModelError)) throw err;
    throw toValidationError(err, root);
  }
}

function toValidationError(err: ModelError, root = 'entity'): ValidationError {
  const path = [root, ...err.path].join('.');
  return new ValidationError(err.message, { issues: [{ path, message: err.message, code: err.reason }], cause: err });
}
