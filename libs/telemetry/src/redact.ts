import { hash } from 'node:crypto';

/**
 * Shapes of secrets that must not reach a log, whatever field they arrive in: PEM blocks, JSON web tokens, bearer and basic
 * credentials, credentials inside URLs, and keys with a published prefix (GitHub, GitLab, Slack, AWS, Google, Stripe,
 * npm, PyPI, OpenAI, Anthropic, our own `idp_`).
 */
const secretShapes = new RegExp(
  [
    '-----BEGIN [A-Z0-9 ]{0,40}-----[\\s\\S]{0,8192}?(?:-----END [A-Z0-9 ]{0,40}-----|$)',
    '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}(?:\\.[A-Za-z0-9_-]*)*',
    '\\b(?:[Bb]earer|[Bb]asic) +[A-Za-z0-9._~+/=-]{8,}',
    '(?<=://[^/\\s:@]{0,128}:)[^/\\s@]{1,256}(?=@)',
    '\\bidp_[A-Za-z0-9_-]{8,}',
    '\\bgh[pousr]_[A-Za-z0-9]{16,}',
    '\\bgithub_pat_[A-Za-z0-9_]{16,}',
    '\\bgl(?:pat|rt|dt|ptt|cbt|soat)-[A-Za-z0-9_-]{16,}',
    '\\bxox[abposr]-[A-Za-z0-9-]{8,}',
    '\\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}',
    '\\bAIza[A-Za-z0-9_-]{30,}',
    '\\bya29\\.[A-Za-z0-9_-]{16,}',
    '\\b[sr]k_(?:live|test)_[A-Za-z0-9]{8,}',
    '\\bwhsec_[A-Za-z0-9+/=]{8,}',
    '\\bsk-[A-Za-z0-9_-]{16,}',
    '\\bnpm_[A-Za-z0-9]{16,}',
    '\\bpypi-[A-Za-z0-9_-]{16,}',
    '\\bSG\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}',
    '\\bhv[sbr]\\.[A-Za-z0-9_-]{16,}',
    '\\bdop_v1_[a-f0-9]{16,}',
  ].join('|'),
  'g',
);

// Cheap test that nearly every line fails: none of the shapes can occur without one of these pieces.
const hint =
  /-----BEGIN|eyJ|[Bb]earer|[Bb]asic|:\/\/|idp_|gh[pousr]_|github_pat|gl[a-z]+-|xox|A(?:KIA|SIA|BIA|CCA|Iza)|ya29|k_live|k_test|whsec|sk-|npm_|pypi-|SG\.|hv[sbr]\.|dop_/;

/** Control characters, bidirectional overrides and isolates, line and paragraph separators. */
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;
const unprintableAll = new RegExp(unprintable.source, 'g');

/** How often a secret was cut out of a line, counted by the caller. */
export interface RedactionCount {
  redactions: number;
}

/**
 * Text made safe for a log line: secrets become `sha256:<8 hexadecimal digits>`, characters that could forge a line or
 * turn a terminal around become visible `\u{..}` escapes, and what is longer than `max` is cut.
 */
export function safeText(text: string, max: number, count?: RedactionCount): string {
  let safe = text;
  if (hint.test(safe)) {
    safe = safe.replace(secretShapes, (secret) => {
      if (count !== undefined) count.redactions++;
      return `sha256:${hash('sha256', secret).slice(0, 8)}`;
    });
  }
  if (safe.length > max) safe = `${safe.slice(0, max)}…`;
  return unprintable.test(safe) ? safe.replace(unprintableAll, visible) : safe;
}

function visible(character: string): string {
  return `\\u{${character.charCodeAt(0).toString(16)}}`;
}
