import { declareAttributes } from '../../src/index.ts';

/** Attributes of the resource the generated conditions are about; two of each type, so that columns meet columns. */
export const environment = declareAttributes({
  kind: 'string',
  owner: 'string',
  count: 'int',
  size: 'int',
  archived: 'bool',
  listed: 'bool',
  createdAt: 'timestamp',
  updatedAt: 'timestamp',
  tags: 'list<string>',
  ports: 'list<int>',
});

export const uuids = ['0193f0a0-0000-7000-8000-000000000001', 'ffffffff-ffff-7fff-bfff-ffffffffffff'];

/** Texts where escaping, order, case and UTF-16 go wrong. */
export const texts = [
  '',
  'a',
  'A',
  'ab',
  'a%b',
  'a_b',
  'a\\b',
  "a'b",
  'a"b',
  'a{,}b',
  'null',
  'NULL',
  'é',
  'e\u0301',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '😀b',
  '\u{10ffff}',
  'a\u{10ffff}',
  ' a',
  'a\n',
  '0193F0A0-0000-7000-8000-000000000001',
  ...uuids,
];

export const ints = [0n, 1n, -1n, 2n, 200n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];

const noon = Date.UTC(2026, 10, 21, 12);
export const moments = [0, -1, noon - 1, noon, noon + 1, Date.UTC(1, 0, 1), Date.UTC(9999, 11, 31)];

export const spans = [0, 1, -1, 1_500, 86_400_000];
