import fc from 'fast-check';
import canonicalize from 'canonicalize';
import { expect, test } from 'vitest';
import { newId } from '@idp/contracts';
import { canonicalJson } from './canonical-json.ts';
import { clientText, rowText, type AuditRow } from './row.ts';

test('any JSON is written as an independent implementation of RFC 8785 writes it', () => {
  const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 4 });
  fc.assert(
    fc.property(json, (value) => {
      fc.pre(JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/.test(JSON.stringify(value)));
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
  );
});

test('the example of RFC 8785 §3.2.2', () => {
  const value = {
    numbers: [JSON.parse('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27],
    string: '€$\u000F\nA\'B"\\\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('the fixed order of a row and of its client is the canonical one', () => {
  const row: AuditRow = {
    action: 'a:b:c',
    actor: 'user:x',
    clientHash: 'c',
    id: newId(),
    occurredAt: '2026-01-01T00:00:00.000Z',
    onBehalfOf: 'o',
    outcome: 'failed',
    reason: 'r',
    receivedAt: '2026-01-01T00:00:00.000Z',
    requestId: 'q',
    resourceId: 'i',
    resourceType: 't',
    seq: 7,
    service: 's',
    sessionId: 'n',
    statesHash: 'h',
    tenantId: newId(),
    traceId: 'e',
    truncated: true,
  };
  expect(rowText(row)).toBe(canonicalize(row));
  expect(clientText('::1', 'agent')).toBe(canonicalize({ userAgent: 'agent', ip: '::1' }));
});
