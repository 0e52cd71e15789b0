import { toWire, ValidationError, type FieldIssue } from '@idp/errors';

/** An error as a Backstage client expects it. */
export interface BackstageError {
  readonly status: number;
  /** Code of the taxonomy, for logs. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly name: string; readonly message: string };
    readonly request: { readonly method: string; readonly url: string };
    readonly response: { readonly statusCode: number };
  };
}

/** Error names of `@backstage/errors`, by status; clients switch on them. */
const names = new Map([
  [400, 'InputError'],
  [401, 'AuthenticationError'],
  [403, 'NotAllowedError'],
  [404, 'NotFoundError'],
  [409, 'ConflictError'],
  [413, 'PayloadTooLargeError'],
  [415, 'UnsupportedMediaTypeError'],
  [422, 'UnprocessableEntityError'],
  [429, 'TooManyRequestsError'],
  [503, 'ServiceUnavailableError'],
]);

/** Writes anything thrown as Backstage does; whatever is not the caller's doing or 503 becomes 500 with a log id. */
export function backstageError(error: unknown, request: { method: string; url: string; id: string }): BackstageError {
  const wire = toWire(error);
  // Backstage knows one way to say "not now": a timeout is 503 too.
  const later = wire.status === 503 || wire.status === 504;
  const known = wire.status < 500 || later;
  const status = later ? 503 : known ? wire.status : 500;
  const name = names.get(status) ?? (known ? 'InputError' : 'InternalServerError');
  const message = known ? `${wire.message}${issuesText(error)}` : `An internal error occurred logId=${request.id}`;
  return {
    status,
    code: wire.code,
    headers: { ...wire.headers, 'x-error-code': wire.code },
    body: {
      error: { name, message },
      request: { method: request.method, url: request.url },
      response: { statusCode: status },
    },
  };
}

/** The body has no place for details, so what is wrong with single members goes into the message. */
function issuesText(error: unknown): string {
  if (!(error instanceof ValidationError)) return '';
  const issues = (error.details as { issues?: readonly FieldIssue[] } | undefined)?.issues ?? [];
  if (issues.length === 0) return '';
  return `: ${issues.map((issue) => `${issue.path} ${issue.message}`).join('; ')}`;
}
