import { positionAt, refuse } from '../compile/refusal.ts';
import { speaksOfResource, type AttributeTerm, type CallTerm, type Term } from '../compile/term.ts';

/** The name of an attribute after `resource.`; columns and `filterable` use it. */
export function columnName(term: AttributeTerm): string {
  return term.path.slice('resource.'.length);
}

/**
 * Refuses with 422 `CONDITION_NOT_FILTERABLE` what does not translate to SQL (auth.md §2B.3): parts that speak of the
 * resource may use `== != < <= > >= in startsWith has && || !` on filterable attributes; the others are evaluated first.
 */
export function assertFilterable(term: Term, text: string, filterable: ReadonlySet<string>): void {
  const fail = (part: Term, message: string): never =>
    refuse('not_filterable', `Lists cannot be filtered by this: ${message}`, positionAt(text, part.offset));

  const assertOperand = (part: Term): void => {
    if (!speaksOfResource(part)) return;
    if (part.kind !== 'attribute') return fail(part, 'an operand is an attribute, or does not speak of the resource');
    if (!filterable.has(columnName(part))) fail(part, `${part.path} is not filterable`);
  };

  const assertTest = (part: Term): void => {
    if (!speaksOfResource(part)) return;
    if (part.kind === 'attribute') return assertOperand(part);
    if (part.kind === 'has') return assertOperand({ ...part, kind: 'attribute' });
    if (part.kind !== 'call') return fail(part, `${part.kind} does not translate to SQL`);
    if (part.operator === '&&' || part.operator === '||' || part.operator === '!')
      return part.parts.forEach(assertTest);
    assertCall(part);
  };

  const assertCall = (call: CallTerm): void => {
    call.parts.forEach(assertOperand);
    const [first, second] = call.parts as [Term, Term];
    switch (call.operator) {
      case '==':
      case '!=':
        if (first.type.startsWith('list')) fail(call, 'lists are not compared as a whole');
        return;
      case '<':
      case '<=':
      case '>':
      case '>=':
      case 'in':
        return;
      case 'startsWith':
        if (speaksOfResource(second)) fail(second, 'the beginning must be known without the resource');
        return;
      default:
        fail(call, `${call.operator} does not translate to SQL`);
    }
  };

  assertTest(term);
}
