/** Folding shared by stored terms and query literals: both sides must pass through this one function. */
export function foldText(text: string): string {
  return text.toLocaleLowerCase('en-US');
}

const surrogatesStart = 0xd800;
const surrogatesEnd = 0xdfff;
const lastCodePoint = 0x10ffff;

/**
 * The smallest text after every text that starts with `prefix`, by code point order (the order of UTF-8 under
 * `collate "C"`), so that `column >= prefix and column < bound` selects the prefix. Undefined when no such text
 * exists: the prefix is empty or made of the last code point alone.
 */
export function prefixUpperBound(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last >= lastCodePoint) continue;
    const next = last + 1 >= surrogatesStart && last + 1 <= surrogatesEnd ? surrogatesEnd + 1 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}
