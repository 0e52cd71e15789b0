import { PreconditionError, ValidationError } from '@idp/errors';
import { expect, test } from 'vitest';
import { etag, ifMatch } from './rows.ts';

test.each([undefined, '*', ' * ', '"3"', '"1", "3"', 'W/"1", "3"'])('If-Match %j lets version 3 pass', (header) => {
  expect(() => ifMatch(header, 3)).not.toThrow();
});

test.each(['"2"', '"33"', 'W/"3"', '"1","2"', '""'])('If-Match %j refuses version 3', (header) => {
  expect(() => ifMatch(header, 3)).toThrow(PreconditionError);
});

test.each(['3', '"3', '3"', '"3" "4"', '"3",', '', '"a b"', "'3'"])('If-Match %j is malformed', (header) => {
  expect(() => ifMatch(header, 3)).toThrow(ValidationError);
});

test('the entity tag is the quoted version', () => {
  expect(etag(3)).toBe('"3"');
});
