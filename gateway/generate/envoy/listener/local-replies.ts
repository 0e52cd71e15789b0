import { errorCatalogue, type ErrorCode } from '@idp/errors';
import { backstageNames, securityHeaders } from '../../../embedded/pipeline/answer.ts';
import { any, type Data } from '../any.ts';
import { overwrite } from '../headers.ts';

/** An answer of Envoy's own and how it is told from others. */
interface OwnError {
  when: Data;
  code: ErrorCode;
  details?: Data;
  headers?: Readonly<Record<string, string>>;
}

const missingToken = `response.code_details.contains('Jwt_is_missing')`;
const always = overwrite({ ...securityHeaders, 'cache-control': 'no-store', 'x-idp-own': '1' });
const bearer = { 'www-authenticate': 'Bearer' };

/** The first that fits is taken. Statuses are Envoy's, codes and statuses that are answered the platform's. */
const ownErrors: readonly OwnError[] = [
  { when: marked('API_VERSION_UNKNOWN'), code: 'API_VERSION_UNKNOWN', details: { supported: [1, 2] } },
  { when: marked('API_VERSION_CONFLICT'), code: 'API_VERSION_CONFLICT' },
  { when: detailed('Jwks_remote_fetch_is_failed'), code: 'UNAVAILABLE', headers: { 'retry-after': '1' } },
  { when: cel(`${missingToken} && !('authorization' in request.headers)`), code: 'AUTH_REQUIRED', headers: bearer },
  { when: detailed('jwt_authn_access_denied'), code: 'INVALID_TOKEN', headers: bearer },
  { when: cel(`request.method == 'CONNECT'`), code: 'METHOD_NOT_ALLOWED' },
  { when: flagged(['UC', 'UPE']), code: 'UPSTREAM_ERROR' },
  { when: status('EQ', 401), code: 'INVALID_TOKEN', headers: bearer },
  { when: status('EQ', 403), code: 'PERMISSION_DENIED' },
  { when: status('EQ', 404), code: 'NOT_FOUND' },
  { when: status('EQ', 405), code: 'METHOD_NOT_ALLOWED' },
  { when: status('EQ', 408), code: 'REQUEST_TIMEOUT' },
  { when: status('EQ', 410), code: 'GONE' },
  { when: status('EQ', 413), code: 'PAYLOAD_TOO_LARGE' },
  { when: status('EQ', 414), code: 'URI_TOO_LONG' },
  { when: status('EQ', 421), code: 'MISDIRECTED_REQUEST' },
  { when: status('EQ', 429), code: 'RATE_LIMIT_EXCEEDED', headers: { 'retry-after': '1' } },
  { when: status('EQ', 431), code: 'HEADERS_TOO_LARGE' },
  { when: status('LE', 499), code: 'VALIDATION_ERROR' },
  { when: status('EQ', 501), code: 'VALIDATION_ERROR' },
  { when: status('EQ', 502), code: 'UPSTREAM_ERROR' },
  { when: status('EQ', 503), code: 'UNAVAILABLE', headers: { 'retry-after': '1' } },
  { when: status('EQ', 504), code: 'UPSTREAM_TIMEOUT' },
  { when: status('GE', 500), code: 'INTERNAL_ERROR' },
];

/** Answers of the edge come with their whole body. */
const written = cel(`response.code_details == 'request_rate_limited' || response.code_details == 'ext_authz_denied'`);

/** Every answer Envoy makes itself in the platform's envelope, below Backstage's mounts in Backstage's form. */
export function localReplies(): Data {
  return {
    mappers: [
      { filter: written, headers_to_add: ownHeaders(), body_format_override: passedOn },
      ...ownErrors.map((error) => mapper(both(onMount, error.when), error, backstageBody(error.code))),
      ...ownErrors.map((error) => mapper(error.when, error, envelope(error))),
    ],
  };
}

const passedOn = { text_format_source: { inline_string: '%LOCAL_REPLY_BODY%' }, content_type: 'application/json' };
const jsonType = 'application/json; charset=utf-8';

function mapper(filter: Data, { code, headers }: OwnError, body: Data): Data {
  return {
    filter,
    status_code: errorCatalogue[code].status,
    headers_to_add: ownHeaders({ 'x-error-code': code, ...headers }),
    body_format_override: { json_format: body, content_type: jsonType },
  };
}

/** The script knows answers of the gateway by the mark, and takes it away. */
function ownHeaders(more: Readonly<Record<string, string>> = {}): Data[] {
  return [...always, ...overwrite(more)];
}

function envelope({ code, details }: OwnError): Data {
  const error = { code, message: errorCatalogue[code].title, ...(details === undefined ? {} : { details }) };
  return { error, meta: { requestId: '%REQ(X-REQUEST-ID)%', traceId: '%RESP(X-TRACE-ID)%' } };
}

function backstageBody(code: ErrorCode): Data {
  const { status: statusCode, title } = errorCatalogue[code];
  return {
    error: { name: backstageNames[statusCode] ?? 'Error', message: title },
    request: { method: '%REQ(:METHOD)%', url: '%DYNAMIC_METADATA(idp:mountUrl)%' },
    response: { statusCode },
  };
}

function status(op: 'EQ' | 'GE' | 'LE', value: number): Data {
  return { status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: 'idp.unused' } } } };
}

function flagged(flags: readonly string[]): Data {
  return { response_flag_filter: { flags } };
}

function both(...filters: Data[]): Data {
  return { and_filter: { filters } };
}

const onMount: Data = {
  metadata_filter: {
    matcher: { filter: 'idp', path: [{ key: 'mountUrl' }], value: { present_match: true } },
    match_if_key_not_found: false,
  },
};

function cel(expression: string): Data {
  const type = 'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter';
  return { extension_filter: { name: 'cel', typed_config: any(type, { expression }) } };
}

function detailed(part: string): Data {
  return cel(`response.code_details.contains('${part}')`);
}

/** A direct response names its code in a header of its route. */
function marked(code: ErrorCode): Data {
  return cel(`'x-error-code' in response.headers && response.headers['x-error-code'] == '${code}'`);
}
