import { z } from 'zod';

/** Schemas of secret variables. Checks chained onto a registered schema inherit the mark; wrappers are looked through. */
const secrets = z.registry<{ secret: true }>();

/** Text that is never printed. */
export function secret(): z.ZodString {
  return z.string().min(1).register(secrets, { secret: true });
}

/** True where the schema, or the one it wraps, was made by `secret()`. */
export function isSecret(schema: z.core.$ZodType): boolean {
  if (secrets.get(schema)?.secret === true) return true;
  const def = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  const inner = def.innerType ?? def.in;
  return inner !== undefined && isSecret(inner);
}

/** Whole decimal number within bounds, both included. */
export function integer({ min, max }: { min: number; max: number }) {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min).max(max));
}

/** TCP port; 0 lets the system choose one. */
export function port() {
  return integer({ min: 0, max: 65_535 });
}

/** Whole seconds. */
export function durationSeconds({ min = 0, max = 31_536_000 }: { min?: number; max?: number } = {}) {
  return integer({ min, max });
}

/** Whole milliseconds. */
export function durationMs({ min = 0, max = 86_400_000 }: { min?: number; max?: number } = {}) {
  return integer({ min, max });
}

/** Comma-separated list; blanks around items and empty items are dropped. */
export function csv() {
  return z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}

/** `true`, `1`, `on`, `yes` or `false`, `0`, `off`, `no`. */
export function flag() {
  return z
    .enum(['true', '1', 'on', 'yes', 'false', '0', 'off', 'no'])
    .transform((text) => text === 'true' || text === '1' || text === 'on' || text === 'yes');
}

/** Absolute http(s) URL without credentials, query or fragment; a trailing slash is removed. */
export function httpUrl() {
  return z.string().transform((text, ctx) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      ctx.addIssue({ code: 'custom', message: 'must be an absolute http or https URL' });
      return z.NEVER;
    }
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      ctx.addIssue({ code: 'custom', message: 'must not hold credentials, a query or a fragment' });
      return z.NEVER;
    }
    return url.href.replace(/\/+$/, '');
  });
}

/** A variable that this release refuses, with the reason: better than one that is read by nobody. */
export function refused(reason: string) {
  return z.undefined(reason).optional();
}
