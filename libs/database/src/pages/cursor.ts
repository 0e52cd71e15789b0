import { createHmac, timingSafeEqual } from 'node:crypto';
import { ValidationError } from '@idp/errors';
import type { CursorBinding, CursorCodec, CursorValue } from '../contract.ts';

const cursorLengthMax = 4096;
const macBytes = 16;

/**
 * Cursors of one tenant: base64url of an HMAC and JSON `[sort, values]`. The HMAC also covers service, tenant,
 * principal, route and filter, so a cursor opens only the list it was made for (data.md §2.6).
 */
export function createCursorCodec({
  key,
  service,
  tenantId,
}: {
  key: Buffer;
  service: string;
  tenantId: string;
}): CursorCodec {
  const sign = (payload: Buffer, binding: CursorBinding, sort: string): Buffer => {
    const bound = [service, tenantId, binding.principal, binding.route, binding.filter ?? null, sort];
    // Lengths are unambiguous: the bound parts are one JSON text, the payload follows it.
    return createHmac('sha256', key)
      .update(JSON.stringify(bound))
      .update('\0')
      .update(payload)
      .digest()
      .subarray(0, macBytes);
  };
  return {
    encode(values, binding, sort) {
      const payload = Buffer.from(JSON.stringify(values));
      return Buffer.concat([sign(payload, binding, sort), payload]).toString('base64url');
    },
    decode(cursor, binding, sort) {
      if (cursor.length > cursorLengthMax || !/^[A-Za-z0-9_-]+$/.test(cursor)) throw invalid();
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length <= macBytes || bytes.toString('base64url') !== cursor) throw invalid();
      const payload = bytes.subarray(macBytes);
      if (!timingSafeEqual(bytes.subarray(0, macBytes), sign(payload, binding, sort))) throw invalid();
      return JSON.parse(payload.toString()) as CursorValue[];
    },
  };
}

function invalid(): ValidationError {
  return new ValidationError('The cursor is not valid for this list.', {
    code: 'INVALID_CURSOR',
    issues: [{ path: 'query.cursor', message: 'not valid for this list' }],
  });
}
