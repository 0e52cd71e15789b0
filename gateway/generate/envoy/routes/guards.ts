import { apiVersions } from '../../../routing/resolve.ts';
import type { Data } from '../any.ts';
import { refusal } from './answers.ts';
import { headerIs, headerIsPresent, regexMatch } from './path-match.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Paths another program would resolve to a different one. */
const ambiguousPath = String.raw`(?i).*(//|\\|/(\.|%2e){1,2}(/.*)?$).*`;

/** What is refused wherever it aims. */
export function firstGuards(): Data[] {
  const notAllowed = { allow: methods.join(', ') };
  return [
    refusal(regexMatch(ambiguousPath), 'NOT_FOUND'),
    refusal({ connect_matcher: {} }, 'METHOD_NOT_ALLOWED', notAllowed),
    refusal(
      { prefix: '/', headers: [headerIs(':method', methods, { invert: true })] },
      'METHOD_NOT_ALLOWED',
      notAllowed,
    ),
  ];
}

const known = apiVersions.map(String);
const isUnknown = [headerIsPresent('api-version'), headerIs('api-version', known, { invert: true })];

/** Versioned paths and a header that names another version, or none there is. */
export function versionGuards(): Data[] {
  return [
    refusal({ ...regexMatch(String.raw`/api/v\d{1,9}(/.*)?`), headers: isUnknown }, 'API_VERSION_UNKNOWN'),
    ...known.map((version) => {
      const others = String.raw`/api/v(\d{2,9}|[${otherDigits(version)}])(/.*)?`;
      return refusal({ ...regexMatch(others), headers: [headerIs('api-version', [version])] }, 'API_VERSION_CONFLICT');
    }),
  ];
}

/** Paths without version, of no route, whose header names a version that does not exist. */
export function negotiationGuard(): Data {
  return refusal({ prefix: '/', headers: isUnknown }, 'API_VERSION_UNKNOWN');
}

/** Every path under a version that no route has. */
export function unknownVersionedPaths(): Data {
  return refusal(regexMatch(String.raw`/api/v\d{1,9}(/.*)?`), 'NOT_FOUND');
}

export function everythingElse(): Data {
  return refusal({ prefix: '/' }, 'NOT_FOUND');
}

function otherDigits(version: string): string {
  return '0123456789'.replace(version, '');
}
