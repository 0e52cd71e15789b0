import { expect, test } from 'vitest';
import { compileCondition, conditionFromMap, declareAttributes, type ConditionValues } from './index.ts';

const environment = declareAttributes({ kind: 'string', owner: 'string', archived: 'bool', count: 'int' });

test('an equality map says that all of it holds', () => {
  const text = conditionFromMap({
    kind: 'Component',
    owner: ['a', 'b'],
    archived: false,
    count: 3,
    'principal.type': 'user',
  });
  expect(text).toBe(
    'resource.kind == "Component" && resource.owner in ["a", "b"] && resource.archived == false && resource.count == 3' +
      ' && principal.type == "user"',
  );
  expect(compileCondition(text as string, environment).text).toBe(text);
});

test('an empty map is no condition', () => {
  expect(conditionFromMap({})).toBeUndefined();
});

test('a text cannot break out of its quotes', () => {
  const values: ConditionValues = {
    principal: { id: 'u', type: 'user', tenantId: 't', teamIds: [] },
    context: { now: new Date(0) },
    resource: { attributes: { kind: 'x' } },
  };
  for (const kind of ['" || true || "', "'", '\\', '\\"', '\n', '\u2028', 'x"]', '\u007f', '\u001f', '😀', '${1}']) {
    const condition = compileCondition(conditionFromMap({ kind }) as string, environment);
    expect(condition.evaluate(values), kind).toBe(false);
    expect(condition.evaluate({ ...values, resource: { attributes: { kind } } }), kind).toBe(true);
  }
});

test.each([
  ['an object', { kind: { $ne: 'x' } }],
  ['null', { kind: null }],
  ['a fraction', { count: 1.5 }],
  ['a number JavaScript rounds', { count: 2 ** 60 }],
  ['a list in a list', { kind: [['a']] }],
  ['half a character', { kind: '\ud800' }],
  ['a key that is no name', { 'kind == "x" || true || resource.kind': 'x' }],
  ['a prototype', JSON.parse('{"__proto__": {"a": 1}}') as Record<string, unknown>],
])('%s is refused', (_, map) => {
  expect(() => conditionFromMap(map)).toThrow(expect.objectContaining({ status: 422, code: 'CONDITION_INVALID' }));
});

test('an attribute nobody declared is refused when it is compiled', () => {
  expect(() => compileCondition(conditionFromMap({ nope: 'x' }) as string, environment)).toThrow(
    /no attribute resource\.nope/,
  );
});
