import fc from 'fast-check';
import { expect, it } from 'vitest';
import { excerpt } from './excerpt.ts';

it('shows at most 256 bytes and no control or direction characters', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const text = excerpt(bytes);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256);
      expect(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(text)).toBe(false);
    }),
  );
  expect(excerpt(Buffer.from(`${'s'.repeat(250)}SECRET-TAIL`))).not.toContain('SECRET-TAIL');
  expect(excerpt(Buffer.from('line\r\n\u001b[31mred'))).toBe('line   [31mred');
});
