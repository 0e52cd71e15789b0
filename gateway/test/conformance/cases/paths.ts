import { signed, type Case } from '../case.ts';

/** Answered without any service, although the caller may do everything. */
function nowhere(name: string, path: string): Case {
  return { name, send: { path, headers: signed }, expect: { status: 404, code: 'NOT_FOUND', seen: null } };
}

function kept(name: string, path: string): Case {
  return { name, send: { path, headers: signed }, expect: { status: 200, seen: { service: 'one', url: path } } };
}

export const paths: readonly Case[] = [
  nowhere('a segment above', '/api/v1/one/../two'),
  nowhere('an encoded segment above', '/api/v1/one/%2e%2e/two'),
  nowhere('a half encoded segment above', '/api/v1/one/.%2E/two'),
  nowhere('a segment that means here', '/api/v1/./one'),
  nowhere('a segment above at the end', '/api/v1/one/..'),
  nowhere('two slashes', '//api/v1/one'),
  nowhere('two slashes within', '/api/v1//one'),
  nowhere('a backslash', String.raw`/api/v1/one\..\two`),
  nowhere('another case', '/API/v1/one'),
  nowhere('an unknown path', '/api/v1/nothing'),
  nowhere('a path of the management port', '/metrics'),
  nowhere('a path between services', '/internal/v1/anything'),
  nowhere('readiness', '/readyz'),
  kept('an encoded slash stays data', '/api/v1/one/a%2Fb'),
  kept('an encoded percent sign stays', '/api/v1/one/a%252Fb'),
  kept('dots within a segment are data', '/api/v1/one/a..b/...'),
  kept('a query may hold what looks like a path', '/api/v1/one?to=/../x//y'),
  kept('characters that need no encoding stay', "/api/v1/one/a:b@c;d=e,f!$&'()*+~"),
];
