import { ValidationError } from '@idp/errors';

/** `X-Authz-Version`: the version of the tenant's rights that an answer has told the caller; undefined without the header. */
export function seenVersionOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,16}$/.test(header) && Number.isSafeInteger(Number(header)))
    return Number(header);
  throw new ValidationError('X-Authz-Version must be a version that an answer has named');
}
