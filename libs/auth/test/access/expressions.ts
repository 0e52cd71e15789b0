import { declareAttributes } from '@idp/expressions';
import fc from 'fast-check';

/** Conditions of the tests as trees, so that each engine can be given its own text of them. */
export type Term =
  | { op: 'equal' | 'unequal'; attribute: 'kind' | 'owner'; value: string }
  | { op: 'compare'; sign: '<' | '<=' | '>' | '>='; value: number }
  | { op: 'open' }
  | { op: 'has'; attribute: keyof Attributes }
  | { op: 'oneOf'; values: string[] }
  | { op: 'tagged'; value: string }
  | { op: 'startsWith'; value: string }
  | { op: 'own' }
  | { op: 'acr'; value: string }
  | { op: 'fresh'; seconds: number }
  | { op: 'not'; term: Term }
  | { op: 'and' | 'or'; terms: [Term, Term] };

export interface Attributes {
  kind?: string;
  owner?: string;
  level?: number;
  open?: boolean;
  tags?: string[];
}

/** What terms speak of, as the engine under test knows it. */
export const environment = declareAttributes({
  kind: 'string',
  owner: 'string',
  level: 'int',
  open: 'bool',
  tags: 'list<string>',
});

export const words = ['a', 'ab', 'b', 'B', 'é'];
export const acrs = ['idp:aal1', 'idp:aal2'];

export function attributesOf(userIds: readonly string[], complete: boolean): fc.Arbitrary<Attributes> {
  return fc.record(
    {
      kind: fc.constantFrom(...words),
      owner: fc.constantFrom(...userIds),
      level: fc.integer({ min: -2, max: 3 }),
      open: fc.boolean(),
      tags: fc.subarray(words),
    },
    { requiredKeys: complete ? ['kind', 'owner', 'level', 'open', 'tags'] : [] },
  ) as fc.Arbitrary<Attributes>;
}

export function atom(userIds: readonly string[]): fc.Arbitrary<Term> {
  const word = fc.constantFrom(...words);
  return fc.oneof(
    fc.record({
      op: fc.constantFrom('equal' as const, 'unequal' as const),
      attribute: fc.constant('kind' as const),
      value: word,
    }),
    fc.record({
      op: fc.constantFrom('equal' as const, 'unequal' as const),
      attribute: fc.constant('owner' as const),
      value: fc.constantFrom(...userIds),
    }),
    fc.record({
      op: fc.constant('compare' as const),
      sign: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
      value: fc.integer({ min: -2, max: 3 }),
    }),
    fc.constant<Term>({ op: 'open' }),
    fc.record({
      op: fc.constant('has' as const),
      attribute: fc.constantFrom('kind' as const, 'level' as const, 'open' as const, 'tags' as const),
    }),
    fc.record({ op: fc.constant('oneOf' as const), values: fc.subarray(words, { minLength: 1 }) }),
    fc.record({ op: fc.constant('tagged' as const), value: word }),
    fc.record({ op: fc.constant('startsWith' as const), value: word }),
    fc.constant<Term>({ op: 'own' }),
    fc.record({ op: fc.constant('acr' as const), value: fc.constantFrom(...acrs) }),
    fc.record({ op: fc.constant('fresh' as const), seconds: fc.constantFrom(10, 300) }),
  );
}

export function term(userIds: readonly string[]): fc.Arbitrary<Term> {
  return fc.letrec<{ term: Term }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'term' },
      atom(userIds),
      fc.record({ op: fc.constant('not' as const), term: tie('term') }),
      fc.record({ op: fc.constantFrom('and' as const, 'or' as const), terms: fc.tuple(tie('term'), tie('term')) }),
    ),
  })).term;
}

/** An atom that meets no error: an attribute it needs is there or it is false. */
export function guardedAtom(userIds: readonly string[]): fc.Arbitrary<Term> {
  return atom(userIds).map((term) => {
    const attribute = attributeOf(term);
    return attribute === undefined ? term : { op: 'and', terms: [{ op: 'has', attribute }, term] };
  });
}

function attributeOf(term: Term): keyof Attributes | undefined {
  switch (term.op) {
    case 'equal':
    case 'unequal':
      return term.attribute;
    case 'compare':
      return 'level';
    case 'open':
      return 'open';
    case 'oneOf':
    case 'startsWith':
      return 'kind';
    case 'tagged':
      return 'tags';
    case 'own':
      return 'owner';
    default:
      return undefined;
  }
}

export function toCel(term: Term): string {
  switch (term.op) {
    case 'equal':
      return `resource.${term.attribute} == ${JSON.stringify(term.value)}`;
    case 'unequal':
      return `resource.${term.attribute} != ${JSON.stringify(term.value)}`;
    case 'compare':
      return `resource.level ${term.sign} ${term.value}`;
    case 'open':
      return 'resource.open';
    case 'has':
      return `has(resource.${term.attribute})`;
    case 'oneOf':
      return `resource.kind in ${JSON.stringify(term.values)}`;
    case 'tagged':
      return `${JSON.stringify(term.value)} in resource.tags`;
    case 'startsWith':
      return `resource.kind.startsWith(${JSON.stringify(term.value)})`;
    case 'own':
      return 'resource.owner == principal.id';
    case 'acr':
      return `principal.acr == ${JSON.stringify(term.value)}`;
    case 'fresh':
      return `context.authAgeSeconds <= ${term.seconds}`;
    case 'not':
      return `!(${toCel(term.term)})`;
    case 'and':
    case 'or':
      return `(${toCel(term.terms[0])}) ${term.op === 'and' ? '&&' : '||'} (${toCel(term.terms[1])})`;
  }
}

/** Who asks and how, as far as terms look at it. */
export interface Asker {
  id: string;
  acr?: string;
  authAgeSeconds?: number;
}

/** True, false, or undefined for an error: a missing attribute. */
export type Truth = boolean | undefined;

export function naiveTruth(term: Term, attributes: Attributes, asker: Asker): Truth {
  const { kind, owner, level, open, tags } = attributes;
  switch (term.op) {
    case 'equal':
    case 'unequal': {
      const value = term.attribute === 'kind' ? kind : owner;
      return value === undefined ? undefined : (value === term.value) === (term.op === 'equal');
    }
    case 'compare':
      return level === undefined ? undefined : compare(level, term.sign, term.value);
    case 'open':
      return open;
    case 'has':
      return attributes[term.attribute] !== undefined;
    case 'oneOf':
      return kind === undefined ? undefined : term.values.includes(kind);
    case 'tagged':
      return tags?.includes(term.value);
    case 'startsWith':
      return kind?.startsWith(term.value);
    case 'own':
      return owner === undefined ? undefined : owner === asker.id;
    case 'acr':
      return asker.acr === undefined ? undefined : asker.acr === term.value;
    case 'fresh':
      return asker.authAgeSeconds === undefined ? undefined : asker.authAgeSeconds <= term.seconds;
    case 'not': {
      const inner = naiveTruth(term.term, attributes, asker);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
      return all(term.terms.map((part) => naiveTruth(part, attributes, asker)));
    case 'or':
      return some(term.terms.map((part) => naiveTruth(part, attributes, asker)));
  }
}

function compare(left: number, sign: '<' | '<=' | '>' | '>=', right: number): boolean {
  if (sign === '<') return left < right;
  if (sign === '<=') return left <= right;
  return sign === '>' ? left > right : left >= right;
}

export function all(truths: Truth[]): Truth {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
}

export function some(truths: Truth[]): Truth {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
}
