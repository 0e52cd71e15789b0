/** What one error code means on the wire: its HTTP status and its fixed title. */
export interface ErrorDefinition {
  readonly status: number;
  readonly title: string;
  /** The answer carries the title and nothing else, so that its cause cannot be told from outside. */
  readonly constant?: boolean;
}

/** Every error code of the fleet. A code keeps its status and meaning for ever; clients switch on it. */
export const errorCatalogue = {
  VALIDATION_ERROR: { status: 400, title: 'The request is not valid' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not valid for this list' },
  API_VERSION_CONFLICT: { status: 400, title: 'Path and header name different API versions' },
  API_VERSION_UNKNOWN: { status: 400, title: 'This API version does not exist' },

  AUTH_REQUIRED: { status: 401, title: 'Authentication is required', constant: true },
  INVALID_CREDENTIALS: { status: 401, title: 'The credentials are not valid', constant: true },
  INVALID_TOKEN: { status: 401, title: 'The access token is not valid', constant: true },
  INVALID_API_KEY: { status: 401, title: 'The API key is not valid', constant: true },
  INVALID_FACTOR: { status: 401, title: 'The second factor is not valid', constant: true },
  MFA_REQUIRED: { status: 401, title: 'A second factor is required' },

  PERMISSION_DENIED: { status: 403, title: 'The principal may not do this' },
  INSUFFICIENT_SCOPE: { status: 403, title: 'The credential lacks the scope' },
  SCOPE_ESCALATION: { status: 403, title: 'Nobody grants what they do not hold' },
  STEP_UP_REQUIRED: { status: 403, title: 'A fresher or stronger sign-in is required' },
  SSO_REQUIRED: { status: 403, title: 'Single sign-on is required' },
  CSRF_FAILED: { status: 403, title: 'The cross-site request check failed' },
  TENANT_SUSPENDED: { status: 403, title: 'The tenant is suspended' },
  SIGNUP_CLOSED: { status: 403, title: 'Registration is closed' },
  HTTPS_REQUIRED: { status: 403, title: 'This address is served over HTTPS only' },

  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The method is not allowed here' },
  NOT_ACCEPTABLE: { status: 406, title: 'No acceptable representation exists' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time' },

  CONFLICT: { status: 409, title: 'The request conflicts with the present state' },
  INVALID_STATE: { status: 409, title: 'The present state does not allow this' },
  CONCURRENT_UPDATE: { status: 409, title: 'Another update came first' },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, title: 'A request with this key is in progress' },
  IDEMPOTENCY_NOT_REPLAYABLE: { status: 409, title: 'The first answer was too large to keep' },
  NAME_TAKEN: { status: 409, title: 'The name is taken' },
  LAST_OWNER: { status: 409, title: 'The last owner cannot be removed' },
  SECRET_UNREADABLE: { status: 409, title: 'The secret cannot be read' },
  ENTITY_MANAGED_ELSEWHERE: { status: 409, title: 'The entity is managed by another source' },
  SERVICE_EXISTS: { status: 409, title: 'A service with this name exists' },
  LOCATION_EXISTS: { status: 409, title: 'The location is registered' },

  GONE: { status: 410, title: 'No longer available' },
  RESYNC_REQUIRED: { status: 410, title: 'The position is too old; read everything again' },
  PRECONDITION_FAILED: { status: 412, title: 'The resource has changed' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large' },
  URI_TOO_LONG: { status: 414, title: 'The request target is too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The media type is not supported' },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'The range cannot be served' },
  EXPECTATION_FAILED: { status: 417, title: 'The expectation cannot be met' },
  MISDIRECTED_REQUEST: { status: 421, title: 'This host is not served here' },

  UNPROCESSABLE: { status: 422, title: 'The request cannot be carried out' },
  REFERENCE_INVALID: { status: 422, title: 'A referenced resource does not exist' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The key belongs to another request' },
  NAME_RESERVED: { status: 422, title: 'The name is reserved' },
  PASSWORD_REJECTED: { status: 422, title: 'The password is not acceptable' },
  URL_NOT_ALLOWED: { status: 422, title: 'The address may not be reached' },
  UNKNOWN_PERMISSION: { status: 422, title: 'The permission does not exist' },
  ROLE_CYCLE: { status: 422, title: 'Roles would contain each other' },
  CONDITION_INVALID: { status: 422, title: 'The condition is not valid' },
  CONDITION_NOT_FILTERABLE: { status: 422, title: 'The condition cannot filter lists' },

  PRECONDITION_REQUIRED: { status: 428, title: 'The request must be conditional' },
  RATE_LIMIT_EXCEEDED: { status: 429, title: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The request headers are too large' },

  INTERNAL_ERROR: { status: 500, title: 'Internal error', constant: true },
  UPSTREAM_ERROR: { status: 502, title: 'Another system answered wrongly' },
  UNAVAILABLE: { status: 503, title: 'Temporarily unavailable' },
  OVERLOADED: { status: 503, title: 'Too much is going on' },
  AUTHZ_STALE: { status: 503, title: 'Permissions are not up to date' },
  HASH_BUSY: { status: 503, title: 'Too many sign-ins at once' },
  SECRETS_UNAVAILABLE: { status: 503, title: 'The key provider is unavailable' },
  TIMEOUT: { status: 504, title: 'The request took too long' },
  UPSTREAM_TIMEOUT: { status: 504, title: 'Another system took too long' },
} as const satisfies Record<string, ErrorDefinition>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;

/** The codes of one HTTP status. */
export type CodeOfStatus<Status extends number> = {
  [Code in ErrorCode]: (typeof errorCatalogue)[Code]['status'] extends Status ? Code : never;
}[ErrorCode];

/** Definition of a code, widened so that optional members can be read. */
export function errorDefinition(code: ErrorCode): ErrorDefinition {
  return errorCatalogue[code];
}
