import { Kysely, PostgresDialect, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { compileCondition, declareAttributes, type Columns, type KnownValues } from '../index.ts';

const environment = declareAttributes({
  kind: 'string',
  owner: 'string',
  note: 'string',
  archived: 'bool',
  createdAt: 'timestamp',
  tags: 'list<string>',
});
const columns: Columns = {
  kind: sql.ref('e.kind'),
  owner: sql.ref('e.owner'),
  archived: sql.ref('e.archived'),
  createdAt: sql.ref('e.created_at'),
  tags: sql.ref('e.tags'),
  'scope.teamId': { column: sql.ref('e.team_id'), type: 'uuid' },
};
const filterable = new Set(Object.keys(columns));
const team = '0193f0a0-0000-7000-8000-000000000001';
const known: KnownValues = {
  principal: { id: 'u1', type: 'user', tenantId: 't1', teamIds: [team, 'no uuid'] },
  context: { now: new Date('2026-11-21T12:00:00Z') },
};

const compiler = new Kysely<never>({
  dialect: new PostgresDialect({ pool: () => Promise.reject(new Error('nothing is asked here')) }),
});

/** The SQL with its parameters, or the boolean it folds to. */
function toSql(text: string): boolean | { sql: string; parameters: readonly unknown[] } {
  const where = compileCondition(text, environment, { filterable }).toSql(known, columns);
  if (typeof where === 'boolean') return where;
  const query = sql`${where}`.compile(compiler);
  return { sql: query.sql, parameters: query.parameters };
}

describe('what is known is evaluated first', () => {
  test.each([
    ['principal.type == "user"', true],
    ['principal.type == "service" && resource.kind == "a"', false],
    ['principal.type == "user" || resource.kind == "a"', true],
    ['principal.teamIds.exists(t, t.startsWith("no")) || resource.archived', true],
    ['!(principal.type == "user" || has(resource.kind))', false],
  ])('%s is %s whatever the row', (text, expected) => {
    expect(toSql(text)).toBe(expected);
  });

  test('and leaves only what a row decides', () => {
    expect(toSql('principal.type == "user" && resource.kind == principal.id + "x"')).toEqual({
      sql: '(("e"."kind") = $1::text)',
      parameters: ['u1x'],
    });
  });

  test('a fault of the known part is null', () => {
    expect(toSql('principal.acr == "a"')).toEqual({ sql: 'null::boolean', parameters: [] });
    expect(toSql('principal.acr == "a" && resource.archived')).toMatchObject({
      sql: '(("e"."archived") and null::boolean)',
    });
    expect(toSql('resource.kind == principal.acr')).toMatchObject({ sql: 'null::boolean' });
    expect(toSql('principal.acr == "a" || true')).toBe(true);
  });
});

describe('columns are compared as they are, so that an index serves', () => {
  test.each([
    ['resource.kind == "a"', '("e"."kind") = $1::text', ['a']],
    ['resource.kind in ["a", principal.id]', '("e"."kind") = any($1::text[])', [['a', 'u1']]],
    ['"a" in resource.tags', '("e"."tags") @> array[$1::text]::text[]', ['a']],
    ['"b" > resource.kind', '("e"."kind") collate "C" < $1::text', ['b']],
    [
      'resource.kind.startsWith("a%_")',
      '(("e"."kind") collate "C" >= $1::text and ("e"."kind") collate "C" < $2::text)',
      ['a%_', 'a%`'],
    ],
    ['resource.kind.startsWith("\u{10ffff}")', '("e"."kind") collate "C" >= $1::text', ['\u{10ffff}']],
    ['resource.createdAt <= context.now', '("e"."created_at") < $1::timestamptz', ['2026-11-21T12:00:00.001Z']],
    ['resource.scope.teamId in principal.teamIds', '("e"."team_id") = any($1::uuid[])', [[team]]],
    ['resource.scope.teamId == "no uuid"', '(("e"."team_id") is null and null)', []],
    ['has(resource.archived) && !resource.archived', '(("e"."archived") is not null and not (("e"."archived")))', []],
  ])('%s', (text, expected, parameters) => {
    const translated = toSql(text) as { sql: string; parameters: unknown[] };
    expect(translated.parameters).toEqual(parameters);
    expect(translated.sql.replace(/^\((.*)\)$/, '$1')).toBe(expected.replace(/^\((.*)\)$/, '$1'));
  });
});

describe('what does not translate is refused when it is written', () => {
  test.each([
    'resource.note == "a"',
    'has(resource.note)',
    'resource.id == "a"',
    'resource.kind.endsWith("a")',
    'resource.kind.contains("a")',
    'size(resource.kind) > 1',
    'resource.kind + "a" == "ab"',
    'resource.kind.startsWith(resource.owner)',
    '"abc".startsWith(resource.kind)',
    'resource.kind in [resource.owner, "a"]',
    'resource.tags == ["a"]',
    'resource.tags[0] == "a"',
    'resource.tags.exists(t, t == "a")',
    'principal.teamIds.exists(t, t == resource.owner)',
    'resource.archived ? true : false',
    'true ? resource.archived : false',
    'resource.archived == (resource.kind == "a")',
    'resource.createdAt + duration("1s") < context.now',
  ])('%s', (text) => {
    expect(() => compileCondition(text, environment, { filterable })).toThrow(
      expect.objectContaining({
        status: 422,
        code: 'CONDITION_NOT_FILTERABLE',
        details: { reason: 'not_filterable', position: expect.objectContaining({ line: 1 }) },
      }),
    );
    expect(compileCondition(text, environment).text).toBe(text);
  });

  test('and a condition that was not made for lists has no SQL', () => {
    const condition = compileCondition('resource.kind == "a"', environment);
    expect(() => condition.toSql(known, columns)).toThrow(
      expect.objectContaining({ code: 'CONDITION_NOT_FILTERABLE' }),
    );
  });
});

test('a column the route forgot is an error, never a match', () => {
  const condition = compileCondition('resource.kind == "a"', environment, { filterable });
  expect(() => condition.toSql(known, {})).toThrow(new TypeError('no column for the attribute kind'));
});
