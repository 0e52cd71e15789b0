export {
  errorCatalogue,
  errorDefinition,
  type CodeOfStatus,
  type ErrorCode,
  type ErrorDefinition,
} from './catalogue.ts';
export { AppError, type ErrorOptions } from './app-error.ts';
export {
  AuthError,
  ConflictError,
  InvalidStateError,
  NotFoundError,
  PayloadTooLargeError,
  PermissionError,
  PreconditionError,
  RateLimitError,
  TimeoutError,
  UnavailableError,
  UnprocessableError,
  UpstreamError,
  ValidationError,
  type FieldIssue,
} from './classes.ts';
export { toWire, type WireError } from './wire.ts';
