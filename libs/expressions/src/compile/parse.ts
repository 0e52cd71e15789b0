import { parse } from '@bufbuild/cel';
import { positionAt, refuse } from './refusal.ts';

/** Longest condition, in characters. */
const charactersMax = 1_024;
/** Brackets inside one another; more could exhaust the parser's stack, and how many do depends on who calls. */
const bracketsMax = 64;

export type Parsed = ReturnType<typeof parse>;
/** A node of the library's syntax tree. */
export type Node = Parsed['expr'];

/** The syntax tree of a condition; refuses what is too long or no CEL. */
export function parseCondition(text: string): Parsed {
  if (text.length > 2 * charactersMax || Array.from(text).length > charactersMax) {
    refuse('too_long', `A condition has at most ${charactersMax} characters`);
  }
  if (bracketDepth(text) > bracketsMax) refuse('too_deep', `Brackets are at most ${bracketsMax} deep`);
  try {
    return parse(text);
  } catch (error) {
    const { message, offset } = syntaxError(error);
    return refuse('syntax', `The condition is no CEL: ${message}`, positionAt(text, Math.min(offset, text.length)));
  }
}

/** The parser's errors carry `rawMessage` and `location`; those of its literals only a message. */
function syntaxError(error: unknown): { message: string; offset: number } {
  const { rawMessage, message, location } = error as {
    rawMessage?: string;
    message?: string;
    location?: { start?: { offset?: number } };
  };
  return { message: rawMessage ?? message ?? 'it cannot be read', offset: location?.start?.offset ?? 0 };
}

/** Texts (raw ones first, then the long form) and comments: brackets in them are none. */
const quoted = new RegExp(
  [
    /[rR](?:"""[^]*?"""|'''[^]*?'''|"[^"\n]*"|'[^'\n]*')/,
    /"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''/,
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/,
    /\/\/[^\n]*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const bracket of text.replace(quoted, '').match(/[()[\]{}]/g) ?? []) {
    depth += '([{'.includes(bracket) ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
