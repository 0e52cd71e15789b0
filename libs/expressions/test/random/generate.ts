import fc from 'fast-check';
import type { Expression } from './expression.ts';
import { ints, moments, spans, texts } from './pools.ts';

type Type = 'bool' | 'text' | 'int' | 'moment' | 'texts' | 'ints';

const attributes: Record<Type, readonly string[]> = {
  bool: ['resource.archived', 'resource.listed'],
  text: ['resource.kind', 'resource.owner', 'resource.id', 'resource.scope.teamId'],
  int: ['resource.count', 'resource.size'],
  moment: ['resource.createdAt', 'resource.updatedAt'],
  texts: ['resource.tags'],
  ints: ['resource.ports'],
};
const knownAttributes: Record<Type, readonly string[]> = {
  bool: [],
  text: ['principal.id', 'principal.acr', 'context.ip'],
  int: ['context.authAgeSeconds'],
  moment: ['context.now'],
  texts: ['principal.teamIds'],
  ints: [],
};

const attribute = (type: Type) =>
  fc.constantFrom(...attributes[type]).map((path): Expression => ({ is: 'attribute', path }));
const has = fc
  .constantFrom(...Object.values(attributes).flat(), ...Object.values(knownAttributes).flat())
  .map((path): Expression => ({ is: 'has', path }));
const call = (name: fc.Arbitrary<string>, ...parts: fc.Arbitrary<Expression>[]) =>
  fc.tuple(name, ...parts).map(([chosen, ...chosenParts]): Expression => ({
    is: 'call',
    name: chosen as string,
    parts: chosenParts as Expression[],
  }));
const list = (item: fc.Arbitrary<Expression>, minLength: 0 | 1) =>
  fc.array(item, { minLength, maxLength: 3 }).map((items): Expression => ({ is: 'list', items }));

const literals: Record<'bool' | 'text' | 'int' | 'moment', fc.Arbitrary<Expression>> = {
  bool: fc.boolean().map((value): Expression => ({ is: 'bool', value })),
  text: fc.constantFrom(...texts).map((value): Expression => ({ is: 'text', value })),
  int: fc.constantFrom(...ints).map((value): Expression => ({ is: 'int', value })),
  moment: fc.constantFrom(...moments).map((ms): Expression => ({ is: 'moment', ms })),
};
const span = fc.constantFrom(...spans).map((ms): Expression => ({ is: 'span', ms }));
const equality = fc.constantFrom('==', '!=');
const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
const connective = fc.constantFrom('&&', '||');

/** What does not speak of the resource: literals, principal and context, also calculated with. */
function knownOf(type: 'bool' | 'text' | 'int' | 'moment'): fc.Arbitrary<Expression> {
  const paths = knownAttributes[type].map((path) => fc.constant<Expression>({ is: 'attribute', path }));
  const plain = fc.oneof({ arbitrary: literals[type], weight: 3 }, ...paths);
  if (type === 'moment') return fc.oneof(plain, call(fc.constantFrom('+', '-'), plain, span));
  if (type === 'int') return fc.oneof(plain, call(fc.constantFrom('+', '*', '/'), plain, plain));
  if (type === 'text') return fc.oneof(plain, call(fc.constant('+'), plain, plain));
  return fc.oneof(plain, call(equality, knownOf('text'), knownOf('text')));
}

/** Conditions of the part of CEL that translates to SQL. */
export function filterableCondition(): fc.Arbitrary<Expression> {
  const operand = (type: 'bool' | 'text' | 'int' | 'moment') =>
    fc.oneof(attribute(type), attribute(type), knownOf(type));
  const pair = (name: fc.Arbitrary<string>, type: 'bool' | 'text' | 'int' | 'moment') =>
    call(name, operand(type), operand(type));
  const inKnown = (type: 'text' | 'int' | 'moment' | 'bool') =>
    call(fc.constant('in'), operand(type), list(knownOf(type), 0));
  const test = fc.oneof(
    attribute('bool'),
    has,
    pair(comparison, 'bool'),
    pair(comparison, 'text'),
    pair(comparison, 'text'),
    pair(comparison, 'int'),
    pair(comparison, 'moment'),
    inKnown('text'),
    inKnown('int'),
    inKnown('moment'),
    inKnown('bool'),
    call(fc.constant('in'), operand('text'), fc.constant<Expression>({ is: 'attribute', path: 'principal.teamIds' })),
    call(fc.constant('in'), operand('text'), attribute('texts')),
    call(fc.constant('in'), operand('int'), attribute('ints')),
    call(fc.constant('startsWith'), attribute('text'), knownOf('text')),
    call(fc.constant('startsWith'), attribute('text'), knownOf('text')),
    knownOf('bool'),
  );
  const { condition } = fc.letrec<{ condition: Expression }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      test,
      call(connective, tie('condition'), tie('condition')),
      call(fc.constant('!'), tie('condition')),
    ),
  }));
  return condition;
}

/** Conditions of all of CEL that is accepted, with at most one comprehension at the top of one branch. */
export function anyCondition(): fc.Arbitrary<Expression> {
  const plain = terms([]);
  const inside = terms([{ is: 'variable' }]);
  const range = fc.oneof(
    attribute('texts'),
    list(literals.text, 1),
    fc.constant<Expression>({ is: 'attribute', path: 'principal.teamIds' }),
  );
  const macro = (name: fc.Arbitrary<string>, ...parts: fc.Arbitrary<Expression>[]) =>
    fc.tuple(name, range, ...parts).map(([chosen, over, ...bodies]): Expression => ({
      is: 'macro',
      name: chosen as string,
      range: over as Expression,
      parts: bodies as Expression[],
    }));
  const comprehension = fc.oneof(
    macro(fc.constantFrom('all', 'exists', 'exists_one'), inside.bool),
    call(comparison, call(fc.constant('size'), macro(fc.constant('filter'), inside.bool)), literals.int),
    call(equality, macro(fc.constant('map'), inside.text), attribute('texts')),
    call(fc.constant('in'), literals.text, macro(fc.constant('map'), inside.bool, inside.text)),
  );
  return fc.oneof(
    plain.bool,
    comprehension,
    call(connective, comprehension, plain.bool),
    call(connective, plain.bool, comprehension),
    call(fc.constant('?:'), plain.bool, comprehension, plain.bool),
  );
}

/** Terms of each type, in which these further texts may stand. */
function terms(variables: readonly Expression[]): { bool: fc.Arbitrary<Expression>; text: fc.Arbitrary<Expression> } {
  const names = Object.keys(attributes) as Type[];
  const leaf = (type: 'bool' | 'text' | 'int' | 'moment') =>
    fc.oneof(
      attribute(type),
      knownOf(type),
      ...(type === 'text' ? variables.map((variable) => fc.constant(variable)) : []),
    );
  return fc.letrec<Record<Type, Expression>>((tie) => ({
    bool: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf('bool'),
      has,
      ...(['bool', 'text', 'int', 'moment'] as const).map((type) => call(comparison, tie(type), tie(type))),
      call(equality, tie('texts'), tie('texts')),
      call(fc.constant('in'), tie('text'), tie('texts')),
      call(fc.constant('in'), tie('int'), tie('ints')),
      call(fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text'), tie('text')),
      call(connective, tie('bool'), tie('bool')),
      call(connective, tie('bool'), tie('bool')),
      call(fc.constant('!'), tie('bool')),
      call(fc.constant('?:'), tie('bool'), tie('bool'), tie('bool')),
    ),
    text: fc.oneof(
      { maxDepth: 3 },
      leaf('text'),
      call(fc.constant('+'), tie('text'), tie('text')),
      call(fc.constant('[]'), tie('texts'), tie('int')),
    ),
    int: fc.oneof(
      { maxDepth: 3 },
      leaf('int'),
      call(fc.constantFrom('+', '-', '*', '/', '%'), tie('int'), tie('int')),
      call(fc.constant('-x'), leaf('int')),
      call(fc.constant('size'), fc.oneof(tie('text'), tie('texts'), tie('ints'))),
      call(fc.constant('[]'), tie('ints'), tie('int')),
    ),
    moment: fc.oneof({ maxDepth: 3 }, leaf('moment'), call(fc.constantFrom('+', '-'), tie('moment'), span)),
    texts: fc.oneof({ maxDepth: 2 }, attribute('texts'), list(tie('text'), 1)),
    ints: fc.oneof({ maxDepth: 2 }, attribute('ints'), list(tie('int'), 1)),
  })) as unknown as { bool: fc.Arbitrary<Expression>; text: fc.Arbitrary<Expression> } & Record<
    (typeof names)[number],
    unknown
  >;
}
