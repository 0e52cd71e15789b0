import { describe, expect, test } from 'vitest';
import { date, id, timestamp } from './ids.ts';
import { foldName, name, slug, text } from './text.ts';

describe('text', () => {
  test.each([
    ['a\nb\tc\r', true],
    ['', true],
    ['a\u0000', false],
    ['\u001b', false],
    ['\u0085', false],
    ['\ud800', false],
    ['\u202e', true],
    ['😀', true],
  ])('%j: %s', (value, ok) => {
    expect(text().safeParse(value).success).toBe(ok);
  });
});

describe('name', () => {
  test.each([
    ['ab', true],
    [' ', false],
    ['', false],
    ['a\nb', false],
    ['\u202eab', false],
    ['a\u2066b', false],
    ['👨‍👩‍👧', true],
    ['x'.repeat(200), true],
    ['x'.repeat(201), false],
  ])('%j: %s', (value, ok) => {
    expect(name().safeParse(value).success).toBe(ok);
  });
});

describe('slug', () => {
  test.each([
    ['a', true],
    ['a-b-1', true],
    ['a--b', false],
    ['-a', false],
    ['a-', false],
    ['A', false],
    ['..', false],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    [`${'a-'.repeat(31)}!`, false],
  ])('%s: %s', (value, ok) => {
    expect(slug().safeParse(value).success).toBe(ok);
  });
});

test.each([
  ['straße', 'STRASSE'],
  ['café', 'cafe\u0301'],
  ['ΣΑΣ', 'σας'],
  ['ADMIN', 'admin'],
])('%s and %s are one name', (a, b) => {
  expect(foldName(a)).toBe(foldName(b));
});

test('an id is lower-cased', () => {
  expect(id().parse('0192A3B4-5C6D-7E8F-9A0B-1C2D3E4F5A6B')).toBe('0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b');
});

describe('times', () => {
  test.each([
    ['2026-02-28T23:59:59Z', true],
    ['2024-02-29T00:00:00.123456+02:00', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-13-01T00:00:00Z', false],
    ['2026-01-01T24:00:00Z', false],
    ['2026-01-01 00:00:00Z', false],
    ['2026-01-01T00:00:00', false],
    ['1969-12-31T00:00:00Z', false],
    ['2100-12-31T00:00:00Z', true],
    ['2101-01-01T00:00:00Z', false],
  ])('%s: %s', (value, ok) => {
    expect(timestamp().safeParse(value).success).toBe(ok);
  });

  test.each([
    ['2026-02-28', true],
    ['2026-02-30', false],
    ['2026-2-3', false],
  ])('date %s: %s', (value, ok) => {
    expect(date().safeParse(value).success).toBe(ok);
  });
});
