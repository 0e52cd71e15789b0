import { z } from 'zod';
import { integer, refused, secret } from '@idp/config';

const day = 86_400;
const secondsOf: Record<string, number> = { s: 1, m: 60, h: 3_600, d: day };

/** `900`, `900s`, `15m`, `12h`, `7d` as whole seconds. */
function duration({ min, max }: { min: number; max: number }) {
  return z
    .string()
    .regex(/^\d{1,9}[smhd]?$/, 'must be a number with s, m, h or d')
    .transform((text) => Number.parseInt(text, 10) * (secondsOf[text.at(-1) ?? 's'] ?? 1))
    .pipe(z.int().min(min).max(max));
}

/** Variables of this service. */
export const authConfig = z.object({
  JWT_EXPIRES_IN: duration({ min: 60, max: 900 }).default(900),
  REFRESH_TOKEN_EXPIRES_IN: duration({ min: 60, max: 90 * day }).default(7 * day),
  SESSION_MAX_AGE: duration({ min: 60, max: 366 * day }).default(30 * day),
  ARGON2_MEMORY_KIB: integer({ min: 8_192, max: 1_048_576 }).default(19_456),
  ARGON2_PASSES: integer({ min: 1, max: 100 }).default(2),
  ARGON2_LANES: integer({ min: 1, max: 16 }).default(1),
  HASH_CONCURRENCY: integer({ min: 1, max: 64 }).default(4),
  HASH_QUEUE: integer({ min: 0, max: 10_000 }).default(32),
  /** Read by Node itself, 4 unless set; here it bounds the hashes at once. */
  UV_THREADPOOL_SIZE: integer({ min: 1, max: 1024 }).default(4),
  /** `smtp://` or `smtps://`, with credentials where the server asks for them; without it mails become files. */
  SMTP_URL: secret().optional(),
  MAIL_FROM: z.string().default('IDP <idp@localhost>'),
  IDP_TENANT: z.string().default('default'),
  IDP_ADMIN_EMAIL: z.string().optional(),
  IDP_ADMIN_PASSWORD: secret().optional(),
  /** Public keys of the services that may call others. */
  SERVICE_KEYS_FILE: z.string().optional(),
  JWT_SECRET: refused(
    'tokens are signed with a key pair that this service makes; with a shared secret every service could forge them',
  ),
});

export type AuthConfig = z.output<typeof authConfig>;
