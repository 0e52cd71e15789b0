import { reservedSlugs, slug } from '@idp/service';

const form = slug();

/** Why the text cannot be a tenant's slug; undefined when it can. */
export function slugFault(text: string): 'form' | 'reserved' | undefined {
  if (!form.safeParse(text).success) return 'form';
  return reservedSlugs.has(text) ? 'reserved' : undefined;
}
