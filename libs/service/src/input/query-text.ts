import type { FieldIssue } from '@idp/errors';

/** Query parameters as they were typed: a repeated one is a list. */
export type RawQuery = Record<string, string | string[]>;

const faultKey = Symbol('query fault');
const pairsMax = 100;
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** What is wrong with a query that could not be read; undefined when it could. */
export function queryFault(query: object): FieldIssue | undefined {
  return (query as { [faultKey]?: FieldIssue })[faultKey];
}

/**
 * Reads `application/x-www-form-urlencoded` query text. Never throws, since the router calls it outside of any error
 * handling: bad escapes, invalid UTF-8, control characters, names that reach prototypes and more than 100 pairs are kept as a
 * fault, which validation answers with 400.
 */
export function parseQueryText(text: string): RawQuery {
  const query = Object.create(null) as RawQuery;
  if (text === '' || text === undefined) return query;
  let pairs = 0;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    if (++pairs > pairsMax) return faulty(query, 'query', `more than ${pairsMax} parameters`);
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decoded(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return faulty(query, 'query', 'is not valid percent-encoded UTF-8');
    if (control.test(name) || control.test(value)) return faulty(query, 'query', 'holds a control character');
    if (name === '__proto__' || name === 'constructor' || name === 'prototype') {
      return faulty(query, `query.${name}`, 'is not a parameter of this operation');
    }
    const known = query[name];
    if (known === undefined) query[name] = value;
    else if (typeof known === 'string') query[name] = [known, value];
    else known.push(value);
  }
  return query;
}

function faulty(query: RawQuery, path: string, message: string): RawQuery {
  (query as { [faultKey]?: FieldIssue })[faultKey] = { path, message };
  return query;
}

/** `+` is a blank in queries (WHATWG URL §5.1); undefined where an escape is broken or not UTF-8. */
function decoded(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
