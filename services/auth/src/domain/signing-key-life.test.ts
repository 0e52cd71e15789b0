import { expect, test } from 'vitest';
import {
  dueSigningKeySteps,
  publishedBeforeUseMs,
  retiringMs,
  signingPeriodMs,
  type SigningKeyLife,
  type SigningKeyState,
} from './signing-key-life.ts';

const now = new Date('2026-03-01T12:00:00Z');
const before = (ms: number) => new Date(now.getTime() - ms).toISOString();
const key = (state: SigningKeyState, sinceMs: number): SigningKeyLife => ({
  kid: state,
  state,
  createdAt: before(sinceMs),
  activatedAt: state === 'next' ? null : before(sinceMs),
  retiringAt: state === 'retiring' ? before(sinceMs) : null,
});
const idle = { retire: [], publish: false };

test('a key waits for 24 hours before it signs', () => {
  const active = key('active', 0);
  expect(dueSigningKeySteps([active, key('next', publishedBeforeUseMs - 1)], now)).toEqual(idle);
  expect(dueSigningKeySteps([active, key('next', publishedBeforeUseMs)], now)).toEqual({ ...idle, activate: 'next' });
});

test('the next key is published a day before the active one has signed for 30 days, once', () => {
  const old = key('active', signingPeriodMs - publishedBeforeUseMs);
  expect(dueSigningKeySteps([key('active', signingPeriodMs - publishedBeforeUseMs - 1)], now).publish).toBe(false);
  expect(dueSigningKeySteps([old], now).publish).toBe(true);
  expect(dueSigningKeySteps([old, key('next', 0)], now).publish).toBe(false);
});

test('a key that was replaced verifies until nothing it signed can be alive', () => {
  expect(dueSigningKeySteps([key('active', 0), key('retiring', retiringMs - 1)], now)).toEqual(idle);
  expect(dueSigningKeySteps([key('active', 0), key('retiring', retiringMs)], now).retire).toEqual(['retiring']);
  expect(dueSigningKeySteps([key('active', 0), key('revoked', signingPeriodMs), key('retired', 0)], now)).toEqual(idle);
});
