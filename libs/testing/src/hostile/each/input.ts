import type { Form } from '../items.ts';

/** One request on every operation that fits. */
export interface EachInput {
  kind: 'each';
  operations: string;
  as: string;
  /** Where ids of A go (`A.id`, `A.slug`), or those of one's own (`own.id`). */
  put?: Readonly<Partial<Record<'path' | 'query' | 'body', string | readonly string[]>>>;
  /** The whole body, or `$add` members to a valid one, or `$name` a name that is taken in A. */
  body?: Form;
  query?: Readonly<Record<string, Form>>;
  rawQuery?: string;
  headers?: Readonly<Record<string, Form>>;
  headerLines?: readonly string[];
  contentType?: string;
  method?: string;
}
