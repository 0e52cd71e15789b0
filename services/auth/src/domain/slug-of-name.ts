const lengthMax = 63;

/** A slug made of a name: `Payments & Billing` → `payments-billing`. Undefined where nothing of the name can stand in one. */
export function slugOfName(name: string): string | undefined {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const slug = words.join('-').slice(0, lengthMax).replace(/-$/, '');
  return slug === '' ? undefined : slug;
}
