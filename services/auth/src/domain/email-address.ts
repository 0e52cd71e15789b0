import { domainToASCII } from 'node:url';

export interface EmailAddress {
  /** As shown: local part as typed, domain in ASCII form. */
  email: string;
  /** What makes two addresses one account: local part lower-cased, domain in ASCII form. */
  norm: string;
}

const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const domainLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads an address (RFC 5321 §4.1.2, dot-atom form only): at most 254 bytes, no quoted or non-ASCII local part, no
 * address literal, no trailing dot. `+tag` stays part of it. Undefined for anything else.
 */
export function parseEmailAddress(text: string): EmailAddress | undefined {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  if (at < 1 || local.length > 64 || !localPart.test(local) || Buffer.byteLength(text) > 254) return undefined;
  const typed = text.slice(at + 1);
  // The URL rules behind domainToASCII decode percent signs and cut at slashes: nothing of that is an address.
  if (!/^[\p{L}\p{N}\p{M}.-]+$/u.test(typed)) return undefined;
  const domain = domainToASCII(typed);
  if (domain.length === 0 || domain.length > 253) return undefined;
  const labels = domain.split('.');
  if (!labels.every((label) => domainLabel.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return undefined;
  const email = `${local}@${domain}`;
  return email.length > 254 ? undefined : { email, norm: `${local.toLowerCase()}@${domain}` };
}
