import { describe, expect, test, vi } from 'vitest';
import { compileCondition, declareAttributes, type ConditionValues } from './index.ts';

const environment = declareAttributes({
  kind: 'string',
  archived: 'bool',
  count: 'int',
  createdAt: 'timestamp',
  tags: 'list<string>',
  ports: 'list<int>',
});
const now = new Date('2026-11-21T12:00:00Z');

function values(attributes: Record<string, unknown> = {}): ConditionValues {
  return {
    principal: { id: 'u1', type: 'user', tenantId: 't1', teamIds: ['a', 'b'] },
    context: { now, authAgeSeconds: 30 },
    resource: { id: 'r1', scope: { teamId: 'a' }, attributes },
  };
}

const evaluate = (text: string, attributes?: Record<string, unknown>) =>
  compileCondition(text, environment).evaluate(values(attributes));

describe('evaluation', () => {
  test('reads principal, resource and context', () => {
    expect(evaluate('resource.kind == "Component"', { kind: 'Component' })).toBe(true);
    expect(evaluate('resource.scope.teamId in principal.teamIds && resource.id == "r1"')).toBe(true);
    expect(evaluate('context.authAgeSeconds <= 10')).toBe(false);
    expect(evaluate('resource.createdAt < context.now', { createdAt: '2026-11-21T13:59:59.999+02:00' })).toBe(true);
  });

  test('a missing attribute is a fault that names it, whether absent, undefined or null', () => {
    const fault = { fault: 'missing', attribute: 'resource.kind', message: 'resource.kind has no value' };
    for (const attributes of [{}, { kind: undefined }, { kind: null }]) {
      expect(evaluate('resource.kind == "x"', attributes)).toEqual(fault);
      expect(evaluate('resource.kind != "x"', attributes)).toEqual(fault);
      expect(evaluate('!(resource.kind == "x")', attributes)).toEqual(fault);
      expect(evaluate('has(resource.kind)', attributes)).toBe(false);
    }
    expect(evaluate('principal.acr == "x"')).toMatchObject({ attribute: 'principal.acr' });
  });

  test('a fault on one side stays unless the other side decides', () => {
    expect(evaluate('resource.archived || true')).toBe(true);
    expect(evaluate('true || resource.archived')).toBe(true);
    expect(evaluate('resource.archived && false')).toBe(false);
    expect(evaluate('resource.archived || false')).toMatchObject({ fault: 'missing' });
    expect(evaluate('resource.archived && true')).toMatchObject({ fault: 'missing' });
    expect(evaluate('resource.tags.exists(t, resource.archived || t == "b")', { tags: ['a', 'b'] })).toBe(true);
  });

  test.each([
    ['resource.kind == "1"', { kind: 1 }, 'resource.kind'],
    ['resource.kind == "a"', { kind: 'a\0' }, 'resource.kind'],
    ['resource.kind == "a"', { kind: '\ud800' }, 'resource.kind'],
    ['resource.kind == "a"', { kind: ['a'] }, 'resource.kind'],
    ['resource.count == 1', { count: '1' }, 'resource.count'],
    ['resource.count == 1', { count: 1.5 }, 'resource.count'],
    ['resource.count == 1', { count: 2 ** 53 }, 'resource.count'],
    ['resource.count == 1', { count: 2n ** 63n }, 'resource.count'],
    ['resource.archived', { archived: 'true' }, 'resource.archived'],
    ['resource.archived', { archived: 1 }, 'resource.archived'],
    ['resource.createdAt < context.now', { createdAt: 1_700_000_000_000 }, 'resource.createdAt'],
    ['resource.createdAt < context.now', { createdAt: '2026-11-21' }, 'resource.createdAt'],
    ['resource.createdAt < context.now', { createdAt: new Date(Number.NaN) }, 'resource.createdAt'],
    ['"a" in resource.tags', { tags: 'a' }, 'resource.tags'],
    ['"a" in resource.tags', { tags: ['a', 1] }, 'resource.tags'],
    ['1 in resource.ports', { ports: ['1'] }, 'resource.ports'],
  ])('%s over %o is a fault of type', (text, attributes, attribute) => {
    expect(evaluate(text, attributes)).toMatchObject({ fault: 'type', attribute });
  });

  test('a calculation without result is a fault that shows no value', () => {
    const secret = { count: 4_711, tags: ['a'], kind: 'x'.repeat(4_096) };
    expect(evaluate('1 / (resource.count - 4711) == 1', secret)).toEqual({
      fault: 'calculation',
      message: 'a number is divided by zero',
    });
    expect(evaluate('resource.count * 9223372036854775807 == 1', secret)).toMatchObject({ message: /64 bits/ });
    expect(evaluate('resource.tags[resource.count] == "a"', secret)).toMatchObject({ message: /^an index is beyond/ });
    expect(evaluate('resource.kind + "x" == "x"', secret)).toMatchObject({ message: /longer than/ });
  });

  test('only own properties are attributes', () => {
    const inherited = Object.create({ kind: 'Component' }) as Record<string, unknown>;
    expect(evaluate('has(resource.kind)', inherited)).toBe(false);
    const forged = JSON.parse('{"__proto__": {"kind": "Component"}}') as Record<string, unknown>;
    expect(evaluate('has(resource.kind)', forged)).toBe(false);
    const methods = declareAttributes({ ['toString' as string]: 'string', ['constructor' as string]: 'string' });
    expect(compileCondition('has(resource.toString) || has(resource.constructor)', methods).evaluate(values())).toBe(
      false,
    );
  });

  test('texts are at most 4 KiB and lists 200 items', () => {
    expect(evaluate('resource.kind != ""', { kind: 'a'.repeat(4_096) })).toBe(true);
    expect(evaluate('resource.kind != ""', { kind: 'é'.repeat(2_048) })).toBe(true);
    expect(evaluate('resource.kind != ""', { kind: 'a'.repeat(4_097) })).toMatchObject({ fault: 'size' });
    expect(evaluate('resource.kind != ""', { kind: 'é'.repeat(2_049) })).toMatchObject({ fault: 'size' });
    const tags = Array.from({ length: 200 }, () => 'a');
    expect(evaluate('"a" in resource.tags', { tags })).toBe(true);
    expect(evaluate('"a" in resource.tags', { tags: [...tags, 'a'] })).toMatchObject({
      fault: 'size',
      attribute: 'resource.tags',
    });
    expect(evaluate('has(resource.kind)', { kind: 'a'.repeat(4_097) })).toBe(true);
  });

  test('a condition that filters lists does not mind size, as SQL does not', () => {
    const condition = compileCondition('resource.kind == "x"', environment, { filterable: new Set(['kind']) });
    expect(condition.evaluate(values({ kind: 'a'.repeat(4_097) }))).toBe(false);
  });

  test('text is ordered and counted by code points', () => {
    expect(evaluate('size(resource.kind) == 2 && resource.kind.size() == 2', { kind: '😀b' })).toBe(true);
    expect(evaluate('resource.kind < "😀"', { kind: '\uffff' })).toBe(true);
    expect(evaluate('"😀" >= resource.kind', { kind: '\ue000' })).toBe(true);
  });

  test('an evaluation of more than 2 ms is reported', () => {
    const slow: number[] = [];
    const condition = compileCondition('true', environment, { onSlow: (milliseconds) => slow.push(milliseconds) });
    const clock = vi.spyOn(performance, 'now');
    clock.mockReturnValueOnce(10).mockReturnValueOnce(12).mockReturnValueOnce(20).mockReturnValueOnce(22.5);
    expect([condition.evaluate(values()), condition.evaluate(values())]).toEqual([true, true]);
    clock.mockRestore();
    expect(slow).toEqual([2.5]);
  });
});

describe('trace', () => {
  const text = 'resource.kind == "Component" && (resource.count > 2 || !has(resource.archived))';
  const condition = compileCondition(text, environment);

  test('shows every part with its value', () => {
    expect(condition.trace(values({ kind: 'Component', count: 1 }))).toEqual({
      expression: text,
      value: true,
      steps: [
        {
          expression: 'resource.kind == "Component"',
          value: true,
          steps: [{ expression: 'resource.kind', value: 'Component' }],
        },
        {
          expression: 'resource.count > 2 || !has(resource.archived)',
          value: true,
          steps: [
            { expression: 'resource.count > 2', value: false, steps: [{ expression: 'resource.count', value: 1 }] },
            {
              expression: '!has(resource.archived)',
              value: true,
              steps: [{ expression: 'has(resource.archived)', value: false }],
            },
          ],
        },
      ],
    });
  });

  test('names the missing attribute', () => {
    const fault = { fault: 'missing', attribute: 'resource.kind', message: 'resource.kind has no value' };
    expect(condition.trace(values({ count: 1, archived: true }))).toMatchObject({ value: false });
    expect(condition.trace(values({ count: 3 })).fault).toEqual(fault);
    expect(condition.trace(values({ count: 3 })).steps?.[0]).toMatchObject({ fault, steps: [{ fault }] });
  });

  test('shows moments, durations, lists and large numbers as JSON', () => {
    const steps = (source: string, attributes: Record<string, unknown>) =>
      compileCondition(source, environment).trace(values(attributes)).steps;
    const createdAt = new Date(now.getTime() - 1_500);
    expect(steps('context.now - resource.createdAt < duration("2s")', { createdAt })).toEqual([
      {
        expression: 'context.now - resource.createdAt',
        value: '1500ms',
        steps: [
          { expression: 'context.now', value: '2026-11-21T12:00:00.000Z' },
          { expression: 'resource.createdAt', value: '2026-11-21T11:59:58.500Z' },
        ],
      },
    ]);
    const ports = [1, 2n ** 60n];
    expect(steps('resource.ports.exists(p, p > 3)', { ports })).toEqual([
      { expression: 'resource.ports', value: [1, '1152921504606846976'] },
    ]);
  });

  test('redacted, it shows tests and no values', () => {
    const attributes = { kind: 'secret', count: 4_711, archived: true };
    const redacted = compileCondition(`${text} || resource.archived`, environment).trace(values(attributes), {
      redact: true,
    });
    expect(JSON.stringify(redacted)).not.toMatch(/secret|4711/);
    expect(redacted.steps?.[1]).toEqual({ expression: 'resource.archived', redacted: true });
    expect(redacted.steps?.[0]).toMatchObject({ value: false, steps: [{ value: false }, { value: true }] });
  });

  test('prints text that means the same', () => {
    for (const source of [
      '(1 + 2) * 3 - (4 - 5) == 6 / (7 % 8)',
      '(true ? false : true) ? (true ? true : false) : false',
      '!(resource.archived && true) == (resource.count in [1, -2])',
      '(resource.kind + "a").startsWith("a") && [resource.kind, "b"][1].contains("b")',
      '(true || false) && !(false || resource.tags.all(t, t.size() > (1 - 1)))',
      'resource.createdAt == timestamp("2026-01-01T00:00:00Z") + duration("1.5s")',
      '-(-resource.count) == -(1 + 2)',
    ]) {
      const printed = compileCondition(source, environment).trace(values()).expression;
      expect(compileCondition(printed, environment).trace(values()).expression, source).toBe(printed);
      const attributes = { kind: 'a', tags: ['a'], count: 3, createdAt: now, archived: false };
      expect(evaluate(printed, attributes), printed).toEqual(evaluate(source, attributes));
    }
  });
});
