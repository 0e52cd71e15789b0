import { expect, test } from 'vitest';
import { compileCondition, declareAttributes, isFault, type ConditionValues } from './index.ts';

const environment = declareAttributes({ kind: 'string', archived: 'bool' });
const values: ConditionValues = {
  principal: { id: 'u1', type: 'user', tenantId: 't1', teamIds: ['a', 'b'] },
  context: { now: new Date('2026-11-21T12:00:00Z') },
  resource: { attributes: { kind: 'Component' } },
};

test('a condition is true, false, or a fault that names the attribute', () => {
  expect(compileCondition('resource.kind == "Component"', environment).evaluate(values)).toBe(true);
  expect(compileCondition('"c" in principal.teamIds', environment).evaluate(values)).toBe(false);
  const outcome = compileCondition('resource.archived', environment).evaluate(values);
  expect(isFault(outcome) && outcome).toMatchObject({ fault: 'missing', attribute: 'resource.archived' });
});

test('an error on one side of || is no error when the other side is true', () => {
  expect(compileCondition('resource.archived || true', environment).evaluate(values)).toBe(true);
});
