import { z } from 'zod';

const canonicalUuid = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
const nil = '00000000-0000-0000-0000-000000000000';

/** Id of a resource: canonical UUID text, lower-cased before anything is looked up with it. */
export function id() {
  return z
    .string()
    .regex(canonicalUuid, 'must be a UUID')
    .refine((value) => value !== nil, 'must be a UUID')
    .overwrite((value) => value.toLowerCase());
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Bounds of a time unless the route declares others. */
export interface TimeBounds {
  minYear?: number;
  maxYear?: number;
}

/** RFC 3339 time with offset, of a real day, between 1970 and 2100; kept as text. */
export function timestamp({ minYear = 1970, maxYear = 2100 }: TimeBounds = {}) {
  return z
    .string()
    .max(40)
    .refine((value) => {
      const match = rfc3339.exec(value);
      return match !== null && isDay(match, minYear, maxYear);
    }, `must be an RFC 3339 time with offset between ${minYear} and ${maxYear}`)
    .meta({ format: 'date-time' });
}

/** Calendar date `YYYY-MM-DD`, between 1970 and 2100; kept as text. */
export function date({ minYear = 1970, maxYear = 2100 }: TimeBounds = {}) {
  return z
    .string()
    .refine((value) => {
      const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
      return match !== null && isDay(match, minYear, maxYear);
    }, `must be a date between ${minYear} and ${maxYear}`)
    .meta({ format: 'date' });
}

function isDay(match: RegExpExecArray, minYear: number, maxYear: number): boolean {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < minYear || year > maxYear || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
