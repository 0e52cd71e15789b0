import { z } from 'zod';

// C0, DEL and C1 except tab and line ends; lone surrogates need the u flag to be seen as such.
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
// oxlint-disable-next-line no-control-regex
const lineControls = /[\u0000-\u001f\u007f-\u009f]/;
/** Overrides, embeddings, isolates and marks that turn the direction of a line around. */
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const wellFormed = (text: string): boolean => text.isWellFormed();

/** Text of one or many lines; stored and returned as it came. `max` counts UTF-16 units; default 10,000. */
export function text({ min = 0, max = 10_000 }: { min?: number; max?: number } = {}) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !controls.test(value) && wellFormed(value), 'must not hold control characters');
}

/** Text of one line that is shown as it is: no line ends, no control characters, nothing that turns its direction. */
export function name({ min = 1, max = 200 }: { min?: number; max?: number } = {}) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => min === 0 || value.trim() !== '', 'must not be blank')
    .refine(
      (value) => !lineControls.test(value) && !bidi.test(value) && wellFormed(value),
      'must be one line without control or direction characters',
    );
}

/** Names that mean something in a path or a language and cannot be taken. */
export const reservedSlugs: ReadonlySet<string> = new Set(
  `
  api admin null undefined current me new true false internal system platform healthz readyz
  metrics docs oauth2 well-known constructor prototype
`
    .trim()
    .split(/\s+/),
);

/** Name used in paths: `[a-z0-9](-?[a-z0-9])*`, at most 63 characters. Reserved words are the operation's to refuse (422). */
export function slug() {
  return z
    .string()
    .max(63)
    .regex(/^[a-z0-9](?:-?[a-z0-9])*$/, 'must be lower-case letters, digits and single hyphens');
}

/** The form in which names are compared: NFC and full case folding, near enough (ß and SS meet, final sigma does not matter). */
export function foldName(value: string): string {
  return value.normalize('NFC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');
}
