import { any, extension, type Data } from '../any.ts';

/** A filter that is left out where the predicate holds. */
export function skippedWhen(name: string, filter: Data, predicate: Data): Data {
  return extension(name, 'envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
    extension_config: { name, typed_config: filter },
    xds_matcher: {
      matcher_list: {
        matchers: [
          {
            predicate,
            on_match: {
              action: extension('skip', 'envoy.extensions.filters.common.matcher.action.v3.SkipFilter'),
            },
          },
        ],
      },
    },
  });
}

export function anyOf(...predicate: Data[]): Data {
  return { or_matcher: { predicate } };
}

export function not(predicate: Data): Data {
  return { not_matcher: predicate };
}

/** A header whose whole value fits the RE2 expression. */
export function header(name: string, regex: string): Data {
  const input = any('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: name });
  return {
    single_predicate: {
      input: { name: 'header', typed_config: input },
      value_match: { safe_regex: { google_re2: {}, regex } },
    },
  };
}

/** Preflights and other questions about a resource carry no credential. */
export const isOptions = header(':method', 'OPTIONS');
export const hasApiKey = header('authorization', '(?i:bearer idp_.*)');
export const hasAuthorization = header('authorization', '(?s:.*)');
