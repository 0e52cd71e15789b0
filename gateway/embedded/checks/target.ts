import { AppError, NotFoundError, ValidationError } from '@idp/errors';

const urlMaxBytes = 8192;

/** Path and query (with its `?`, or empty) as they were sent. */
export interface RequestTarget {
  path: string;
  query: string;
}

/** A segment that means "here" or "above", plain or percent-encoded. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Splits the request target without decoding or resolving anything. Throws 400 for a target that is not in origin form
 * (RFC 9112 §3.2.1), 414 above 8 KiB, 404 for paths another program would resolve to a different one.
 */
export function readTarget(url: string): RequestTarget {
  if (url.length > urlMaxBytes)
    throw new AppError('URI_TOO_LONG', `the request target is longer than ${urlMaxBytes} bytes`);
  if (!url.startsWith('/') || url.includes('#')) throw new ValidationError('the request target must be a path');
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (path.includes('//') || path.includes('\\') || dotSegment.test(path)) {
    throw new NotFoundError('there is nothing at this path');
  }
  return { path, query: mark === -1 ? '' : url.slice(mark) };
}
