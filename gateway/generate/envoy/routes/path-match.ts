import type { Route } from '../../../routing/route-schema.ts';
import type { Data } from '../any.ts';

/** Matches the paths of a route, below another beginning where it is rewritten. */
export function pathMatch(match: Route['match'], path: string): Data {
  if (match === 'exact') return { path };
  if (match === 'prefix') return { path_separated_prefix: path };
  const segments = path.split('/').map((segment) => (segment.startsWith('{') ? '[^/]+' : quoted(segment)));
  return regexMatch(segments.join('/'));
}

/** Matches whole paths without their query. */
export function regexMatch(regex: string): Data {
  return { safe_regex: { regex } };
}

export function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** Requests whose header is one of these texts; with `invert` all others, without the header among them. */
export function headerIs(name: string, values: readonly string[], { invert = false } = {}): Data {
  const regex = values.map(quoted).join('|');
  return {
    name,
    string_match: { safe_regex: { regex } },
    ...(invert ? { invert_match: true } : {}),
  };
}

export function headerIsPresent(name: string): Data {
  return { name, present_match: true };
}

/** Requests whose header is this text, or is not there. */
export function headerIsOrAbsent(name: string, value: string): Data {
  return {
    name,
    string_match: { safe_regex: { regex: `(?:${quoted(value)})?` } },
    treat_missing_header_as_empty: true,
  };
}

/** Replaces the beginning of the path; the query stays as it is. */
export function rewrite(from: string, to: string): Data {
  return { regex_rewrite: { pattern: { regex: `^${quoted(from)}` }, substitution: to } };
}
