import { formatApiKey, makeApiKey, parseApiKey } from '@idp/auth';
import { MissingError } from '../missing.ts';

/** The value of a fixture name such as `A.canary` or `memberA.token`; undefined where the fixture has none. */
export type Names = (name: string) => string | undefined;

const changes: Readonly<Record<string, (text: string) => string>> = {
  upper: (text) => text.toUpperCase(),
  'lower-case': (text) => text.toLowerCase(),
  'swap-case': swapCase,
  'no-dash': (text) => text.replaceAll('-', ''),
  'space-in-the-middle': (text) => `${text.slice(0, text.length >> 1)} ${text.slice(text.length >> 1)}`,
  'full-width': (text) => text.replace(/[!-~]/g, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0)),
  'first-half': (text) => text.slice(0, text.length >> 1),
  'change-one-character': (text) => `${text.slice(0, -1)}${text.endsWith('a') ? 'b' : 'a'}`,
  'counter+1': (text) =>
    text.replace(/^(r1\.[^.]+\.)(\d+)/, (_whole, head: string, count: string) => head + (Number(count) + 1)),
  'other-secret-fix-crc': (text) => {
    const key = parseApiKey(text);
    if (key === undefined) throw new TypeError('not an API key');
    return formatApiKey(makeApiKey(key.kind, key.kid));
  },
};

/** Replaces every `«name»` and `«name|change»`. Throws {@link MissingError} for a name the fixture lacks or a change nobody makes yet. */
export function fillNames(text: string, names: Names): string {
  return text.replace(/«([^«»|]+)(?:\|([^«»]+))?»/g, (_whole, name: string, change: string | undefined) => {
    const value = names(name);
    if (value === undefined) throw new MissingError('fixture', name);
    if (change === undefined) return value;
    const apply = changes[change];
    if (apply === undefined) throw new MissingError('capability', `change ${change}`);
    return apply(value);
  });
}

export function swapCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );
}
