import { AppError } from '@idp/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCondition, declareAttributes } from '../index.ts';

const environment = declareAttributes({
  kind: 'string',
  count: 'int',
  archived: 'bool',
  createdAt: 'timestamp',
  tags: 'list<string>',
  ports: 'list<int>',
});

/** `accepted`, or the reason in the details of a 422. */
function verdict(text: string): string {
  try {
    compileCondition(text, environment);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.status} ${error.code} ${(error.details as { reason: string }).reason}`;
  }
}

const refused = (reason: string) => `422 CONDITION_INVALID ${reason}`;

describe('bounds', () => {
  const padded = (characters: number) => 'true'.padEnd(characters);
  const chain = (tests: number) => Array.from({ length: tests }, () => 'resource.archived').join('||');
  const open = '(['.repeat(80);
  const nested = (depth: number) => `${'1+('.repeat(depth - 3)}1+1${')'.repeat(depth - 3)} == 1`;

  test.each([
    ['1,024 characters', padded(1_024), 'accepted'],
    ['1,025 characters', padded(1_025), refused('too_long')],
    ['1,024 characters beyond the basic plane', `"${'😀'.repeat(1_000)}" == "a"`, 'accepted'],
    ['1,000,000 characters', padded(1_000_000), refused('too_long')],
    // Each test is two nodes (the name and the selection), each || one.
    ['128 nodes', `${chain(42)}||!true`, 'accepted'],
    ['129 nodes', `${chain(41)}||1==1||!true`, refused('too_many_nodes')],
    ['16 deep', nested(16), 'accepted'],
    ['17 deep', nested(17), refused('too_deep')],
    ['a path that is too deep', `resource${'.a'.repeat(400)} == "a"`, refused('too_deep')],
    ['64 parentheses', `${'('.repeat(64)}true${')'.repeat(64)}`, 'accepted'],
    ['65 parentheses', `${'('.repeat(65)}true${')'.repeat(65)}`, refused('too_deep')],
    ['500 open parentheses', '('.repeat(500), refused('too_deep')],
    [
      'brackets in texts',
      `"${open}\\"" != '${open}' || r"${open}\\" != """"${open}""" || r'''"${open}''' != ""`,
      'accepted',
    ],
    [
      'brackets hidden by texts',
      `${'('.repeat(40)}")))" == ${'('.repeat(40)}"" ${')'.repeat(80)}`,
      refused('too_deep'),
    ],
    ['1,000 exclamation marks', `${'!'.repeat(1_000)}true`, 'accepted'],
    ['140 questions', `${'true?1:'.repeat(140)}1 == 1`, refused('too_deep')],
    ['500 lists', `${'['.repeat(500)}true${']'.repeat(500)}`, refused('too_deep')],
  ])('%s', (_, text, expected) => {
    expect(verdict(text)).toBe(expected);
  });

  test.each([
    ['one comprehension', 'principal.teamIds.exists(t, t == "a")', 'accepted'],
    [
      'two in a row',
      'resource.tags.all(t, t == "a") || resource.tags.all(t, t == "b")',
      refused('second_comprehension'),
    ],
    ['one inside another', 'resource.tags.all(a, resource.tags.all(b, a == b))', refused('nested_comprehension')],
    ['one over another', 'resource.tags.filter(a, a != "").all(b, b != "x")', refused('second_comprehension')],
  ])('%s', (_, text, expected) => {
    expect(verdict(text)).toBe(expected);
  });
});

describe('types', () => {
  test.each([
    'resource.kind == "a" && resource.count >= 3 && !resource.archived',
    'resource.createdAt + duration("1h30m") < context.now',
    'context.now - resource.createdAt > duration("90s")',
    'resource.createdAt >= timestamp("2026-01-31T12:00:00.001+02:00")',
    'size(resource.tags) + resource.kind.size() > resource.ports[0]',
    'resource.tags.map(t, t + "x") == ["ax"] || resource.tags == []',
    'resource.tags.map(t, t != "", size(t)).exists_one(n, n > 0) || true',
    'resource.tags.filter(t, t.endsWith("a"))[0].contains(resource.kind)',
    '(resource.archived ? resource.count : -resource.count) % 2 in resource.ports',
    'has(resource.kind) && has(principal.acr) && has(resource.scope.teamId)',
    'resource.kind == r"\\d" || resource.kind == """a"b"""',
    'resource.count > -9223372036854775808 || resource.count == 0x10',
  ])('%s', (text) => {
    const expected = text.includes('exists_one') ? refused('second_comprehension') : 'accepted';
    expect(verdict(text)).toBe(expected);
  });

  test.each([
    ['"1" != 1', 'type'],
    ['resource.count == "1"', 'type'],
    ['resource.count == 1.0', 'unsupported'],
    ['resource.count == 1u', 'unsupported'],
    ['resource.kind == null', 'unsupported'],
    ['resource.kind == b"a"', 'unsupported'],
    ['{"a": 1}["a"] == 1', 'unsupported'],
    ['google.protobuf.Timestamp{seconds: 1} == resource.createdAt', 'unsupported'],
    ['resource.count == 9223372036854775808', 'unsupported'],
    ['resource.kind == "a\\u0000"', 'unsupported'],
    ['resource.kind == "\\ud800"', 'syntax'],
    ['resource.createdAt == "2026-01-01T00:00:00Z"', 'type'],
    ['resource.createdAt == timestamp("yesterday")', 'type'],
    ['resource.createdAt == timestamp("2026-02-30T00:00:00Z")', 'type'],
    ['resource.createdAt == timestamp("2026-01-01T00:00:00.0001Z")', 'type'],
    ['resource.createdAt == timestamp(resource.kind)', 'type'],
    ['context.now - resource.createdAt > duration("1 day")', 'type'],
    ['context.now - resource.createdAt > duration("1ns")', 'type'],
    ['resource.kind in "abc"', 'type'],
    ['resource.count in resource.tags', 'type'],
    ['["a", 1] == ["a", 1]', 'type'],
    ['[["a"]] == [["a"]]', 'unsupported'],
    ['resource.tags < resource.tags', 'type'],
    ['resource.kind && true', 'type'],
    ['!resource.count', 'type'],
    ['true ? resource.kind : true', 'type'],
    ['resource.tags["a"] == "a"', 'type'],
    ['resource.kind.startsWith(1)', 'type'],
    ['resource.tags.all(t, t)', 'type'],
    ['resource.kind.all(t, t == "a")', 'type'],
    ['[].all(t, true)', 'type'],
    ['has("a")', 'type'],
    ['has(resource)', 'type'],
    ['1 + 1', 'not_boolean'],
    ['resource.kind', 'not_boolean'],
    ['resource.tags.map(t, t)', 'not_boolean'],
  ])('%s is refused', (text, reason) => {
    expect(verdict(text)).toBe(refused(reason));
  });
});

describe('names', () => {
  test.each([
    ['resource.nope == 1', 'unknown_attribute'],
    ['resource == "a"', 'unknown_attribute'],
    ['resource.kind.nope == "a"', 'unknown_attribute'],
    ['has(resource.nope)', 'unknown_attribute'],
    ['principal.password == "a"', 'unknown_attribute'],
    ['.resource.kind == "a"', 'unsupported'],
    ['resource.__proto__ == "a"', 'unknown_attribute'],
    ['resource.constructor == "a"', 'unknown_attribute'],
    ['string == string', 'unknown_attribute'],
    ['t == "a" || resource.tags.all(t, t == "a")', 'unknown_attribute'],
    ['resource.tags.all(t, .t == "a")', 'unsupported'],
    ['resource.tags.all(resource, resource == "a")', 'type'],
    ['process.exit(1)', 'unknown_function'],
    ['resource.kind.matches("(a+)+$")', 'unknown_function'],
    ['dyn(resource.kind) == 1', 'unknown_function'],
    ['type(resource.kind) == string', 'unknown_function'],
    ['int("1") == 1', 'unknown_function'],
    ['startsWith(resource.kind, "a")', 'unknown_function'],
    ['resource.kind.size(1) == 1', 'unknown_function'],
    ['toString() == "a"', 'unknown_function'],
    ['resource.kind.constructor("a")', 'unknown_function'],
    ['_==_(1, 1)', 'unknown_attribute'],
    ['resource.kind = "x"', 'syntax'],
    ['resource["kind"] == "x"', 'unknown_attribute'],
    ['', 'syntax'],
    ['true // and more\n || ', 'syntax'],
    ['true; drop table roles', 'syntax'],
    ['${resource.kind}', 'syntax'],
  ])('%s is refused', (text, reason) => {
    expect(verdict(text)).toBe(refused(reason));
  });
});

test('a refusal says where', () => {
  const refusal = () => compileCondition('has(resource.kind)\n  && resource.nope == 1', environment);
  expect(refusal).toThrow(
    expect.objectContaining({
      details: { reason: 'unknown_attribute', position: { offset: 32, line: 2, column: 14 } },
    }),
  );
});

test('whatever the text, it compiles or is refused with 422', () => {
  const tokens = [
    'resource .kind .count .tags .archived principal .teamIds context .now == != in && || ! < ( ) [ ] { } , ? :',
    '" \' \\ "a" 1 - 0.5 7u true null .all( .exists( .map( .filter( t has( size( timestamp( duration( . \n // \0 😀',
  ];
  const token = fc.constantFrom(' ', ...tokens.join(' ').split(' '));
  const text = fc.oneof(
    fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join('')),
    fc.string({ unit: 'binary', maxLength: 100 }),
  );
  fc.assert(
    fc.property(text, (any) => {
      expect(verdict(any)).toMatch(/^(accepted|422 CONDITION_INVALID \w+)$/);
    }),
    { numRuns: 600 },
  );
}, 60_000);

test('an attribute has a name CEL can say, and not one that every resource has', () => {
  for (const name of ['in', 'true', 'a-b', 'a.b', '1a', '', 'a b', 'id', 'scope']) {
    expect(() => declareAttributes({ [name]: 'string' }), name).toThrow(TypeError);
  }
});
