import type { IncomingMessage } from 'node:http';
import { AppError, NotFoundError, ValidationError } from '@idp/errors';
import type { HostList } from './hosts.ts';

const urlMax = 8192;
const headerBytesMax = 16_384;
const headerCountMax = 100;

/** Anything in a path that routing must not see as it is: escapes, parameters, backslashes, empty or dot segments. */
const unusualPath = /[%;\\]|\/(?:\/|\.{1,2}(?:\/|$)|$)/;

/**
 * What is wrong with a request before its route matters (docs/security.md, HTTP surface); undefined for an ordinary one.
 * Runs for every request, so it makes nothing unless it refuses.
 */
export function surfaceFault(req: IncomingMessage, hosts: HostList): AppError | undefined {
  const url = req.url ?? '';
  if (url.length > urlMax) return new AppError('URI_TOO_LONG', `the request target is longer than ${urlMax} bytes`);
  if (url.charCodeAt(0) !== 0x2f || url.includes('#')) return malformed('the request target must be a path');
  return headerFault(req.rawHeaders) ?? hostFault(req, hosts);
}

function headerFault(raw: readonly string[]): AppError | undefined {
  let bytes = 0;
  let hostCount = 0;
  let authorizationCount = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!;
    bytes += name.length + raw[index + 1]!.length + 4;
    if (name.length === 4 && name.toLowerCase() === 'host') hostCount++;
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizationCount++;
  }
  if (hostCount > 1) return malformed('the header Host occurs twice');
  if (authorizationCount > 1) return malformed('the header Authorization occurs twice');
  if (raw.length > headerCountMax * 2) return new AppError('HEADERS_TOO_LARGE', `more than ${headerCountMax} headers`);
  if (bytes > headerBytesMax)
    return new AppError('HEADERS_TOO_LARGE', `headers are larger than ${headerBytesMax} bytes`);
  return undefined;
}

function hostFault(req: IncomingMessage, hosts: HostList): AppError | undefined {
  const { host, connection, expect } = req.headers;
  if (host === undefined) return malformed('the header Host is required');
  if (!hosts.serves(host)) return new AppError('MISDIRECTED_REQUEST', 'this host is not served here');
  // Usual values are this short; a longer one may name headers to be dropped on the way (RFC 9110 §7.6.1).
  if (connection !== undefined && connection.length > 10 && /(?:^|,)\s*authorization\s*(?:,|$)/i.test(connection)) {
    return malformed('the header Connection names Authorization');
  }
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return new AppError('EXPECTATION_FAILED', 'only 100-continue can be expected');
  }
  return undefined;
}

function malformed(message: string): ValidationError {
  return new ValidationError(message);
}

/** Path part of a request target. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/**
 * Refuses what the router would decode, merge or resolve: paths match byte for byte. `template` is the route that was
 * found; its fixed segments must stand in the path unescaped. 400 where the path cannot be decoded, else 404.
 */
export function pathFault(url: string, template: string | undefined, slashInId: boolean): AppError | undefined {
  const path = pathOf(url);
  if (path === '/' || !unusualPath.test(path)) return undefined;
  if (!path.includes('%')) return new NotFoundError('not found');
  const segments = path.split('/');
  const templates = template?.split('/');
  for (let index = 1; index < segments.length; index++) {
    const segment = segments[index]!;
    if (!segment.includes('%')) continue;
    const decoded = decodedSegment(segment);
    if (decoded === undefined) return malformed('the path is not valid percent-encoded UTF-8');
    const isFixed = isFixedSegment(templates, index);
    // oxlint-disable-next-line no-control-regex
    if (isFixed || decoded === '.' || decoded === '..' || /[\u0000-\u001f\u007f\\]/.test(decoded)) {
      return new NotFoundError('not found');
    }
    if (!slashInId && decoded.includes('/')) return new NotFoundError('not found');
  }
  return /[;\\]|\/(?:\/|\.{1,2}(?:\/|$)|$)/.test(path) ? new NotFoundError('not found') : undefined;
}

function isFixedSegment(templates: readonly string[] | undefined, index: number): boolean {
  const template = templates?.[index];
  return template !== undefined && !template.includes(':') && !template.includes('*');
}

function decodedSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
