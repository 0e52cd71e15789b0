import { z } from 'zod';
import { parseEmailAddress } from '../domain/email-address.ts';

/** An address as an account has it. */
export const emailAddress = z
  .string()
  .refine((text) => parseEmailAddress(text) !== undefined, 'not an e-mail address')
  .meta({ examples: ['someone@example.org'] });
