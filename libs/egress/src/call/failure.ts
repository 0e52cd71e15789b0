import { TimeoutError, UpstreamError } from '@idp/errors';

/** Why a call to an admitted address failed. Goes into `details.reason` and never holds anything the other side said. */
export type FailureReason =
  | 'connection'
  | 'tls'
  | 'protocol'
  | 'headers-too-large'
  | 'body-too-large'
  | 'compression-ratio'
  | 'decoding'
  | 'redirect';

const sentences: Record<FailureReason, string> = {
  connection: 'The remote host could not be reached or closed the connection',
  tls: 'The certificate of the remote host was not accepted',
  protocol: 'The remote host did not answer in HTTP/1.1',
  'headers-too-large': 'The headers of the remote answer are larger than 16 KiB',
  'body-too-large': 'The body of the remote answer is larger than allowed',
  'compression-ratio': 'The body of the remote answer is compressed more than 100 to 1',
  decoding: 'The body of the remote answer could not be decoded',
  redirect: 'The remote host redirected in a way that is not followed',
};

/** 502 with `details.reason`. */
export function callFailure(reason: FailureReason, cause?: unknown): UpstreamError {
  return new UpstreamError(sentences[reason], { details: { reason }, cause });
}

/** 504: the time of the class was over. */
export function callTimeout(cause: unknown): TimeoutError {
  return new TimeoutError('The remote host did not answer in time', { cause });
}

const reasons: readonly [pattern: RegExp, reason: FailureReason][] = [
  [/HEADER_OVERFLOW|HEADERS_OVERFLOW/, 'headers-too-large'],
  [/^ERR_TLS|^ERR_SSL|CERT|SIGNATURE|ISSUER|^EPROTO$/, 'tls'],
  // undici 8.12 answers an unasked 101 without `Connection: upgrade` with a failed assertion of its parser.
  [/^HPE_|^ERR_ASSERTION$|UND_ERR_(INFO|NOT_SUPPORTED|RES_CONTENT_LENGTH_MISMATCH)/, 'protocol'],
  [/^Z_|ZSTD|BROTLI|^ERR_BUFFER/, 'decoding'],
];

/** Sorts an error of undici, node:net, node:tls or node:zlib by its code. */
export function failureOf(error: unknown): UpstreamError {
  const code = codeOf(error);
  const found = reasons.find(([pattern]) => pattern.test(code));
  if (found) return callFailure(found[1], error);
  const parser = error instanceof Error && (error.name === 'HTTPParserError' || error.message === 'bad upgrade');
  return callFailure(parser ? 'protocol' : 'connection', error);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError && error.errors.length > 0 ? codeOf(error.errors[0]) : '';
}
