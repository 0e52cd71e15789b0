import { UnprocessableError } from '@idp/errors';
import type { CommonPasswords } from './common-passwords.ts';

export const passwordCharactersMax = 256;
/** Without a second factor; 8 with one. */
const charactersMin = 15;
/** Shorter words turn up by chance in good passwords. */
const wordCharactersMin = 4;
const productName = 'internaldeveloperplatform';

/** What must not be part of the password. */
export interface PasswordSurroundings {
  email: string;
  tenantSlug?: string;
}

/**
 * Throws 422 `PASSWORD_REJECTED` with the sentence to show (`details.rule` for programs): at least 15 and at most 256
 * code points, not in the shipped list, without the address' local part, the tenant's slug or the product's name.
 * Nothing is trimmed or normalised and no kinds of characters are demanded (NIST SP 800-63B-4 §3.1.1.2).
 */
export async function requireAcceptablePassword(
  password: string,
  around: PasswordSurroundings,
  common: CommonPasswords,
): Promise<void> {
  const characters = Array.from(password).length;
  if (characters < charactersMin) reject('too-short', `the password needs at least ${charactersMin} characters`);
  if (characters > passwordCharactersMax)
    reject('too-long', `the password has more than ${passwordCharactersMax} characters`);
  if (await common.has(password)) reject('common', 'the password is one of the commonest');
  const word = personalWordIn(password, around);
  if (word !== undefined) reject('personal', `the password must not contain the ${word}`);
}

function personalWordIn(password: string, { email, tenantSlug }: PasswordSurroundings): string | undefined {
  const lower = password.toLowerCase();
  const contains = (word: string | undefined) =>
    word !== undefined && word.length >= wordCharactersMin && lower.includes(word.toLowerCase());
  if (contains(email.slice(0, email.lastIndexOf('@')))) return 'address';
  if (contains(tenantSlug)) return "tenant's name";
  if (lower.replaceAll(/[^a-z]/g, '').includes(productName)) return "product's name";
  return undefined;
}

function reject(rule: string, message: string): never {
  throw new UnprocessableError(message, { code: 'PASSWORD_REJECTED', details: { rule } });
}
