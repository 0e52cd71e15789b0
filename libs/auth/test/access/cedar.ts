import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { Term } from './expressions.ts';
import { ids, organizationCount, scopeId, type Binding, type Company, type Question, type Scope } from './tenants.ts';

/**
 * The same tenant for Cedar. Teams, scopes, inherited roles and who holds what are its entity hierarchy, so that none of
 * our reasoning about them is shared: a binding is a group `Held::"<role>@<binding>"` that its holder is in, and that lies
 * in the groups of the role's parents. Only which bindings are active is said from here.
 */
export function askCedar(company: Company, policySetId: string): (question: Question) => boolean {
  const policies = policyText(company);
  const parsed = cedar.preparsePolicySet(policySetId, { staticPolicies: policies });
  if (parsed.type === 'failure') throw new Error(`${parsed.errors.map(({ message }) => message).join()}\n${policies}`);
  const fixed = [...scopeEntities(company), ...heldEntities(company)];
  return (question) => {
    const user = entity('User', question.user);
    const resource = entity('Resource', 'asked');
    const entities = [...fixed, ...peopleEntities(company, question), resourceEntity(question)];
    const answer = cedar.statefulIsAuthorized({
      principal: user,
      action: entity('Action', 'ask'),
      resource,
      context: {
        permission: question.permission,
        ...(question.authAgeSeconds !== undefined && { authAgeSeconds: question.authAgeSeconds }),
      },
      preparsedPolicySetId: policySetId,
      entities: reachable(entities, [user, resource]),
    });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join());
    return answer.response.decision === 'allow';
  };
}

const entity = (type: string, id: number | string): cedar.TypeAndId => ({ type, id: `${id}` });
const scopeEntity = (scope: Scope): cedar.TypeAndId => entity('Scope', scopeId(scope));
const held = (role: number, binding: number): cedar.TypeAndId => entity('Held', `${role}@${binding}`);
const text = ({ type, id }: cedar.TypeAndId): string => `${type}::${JSON.stringify(id)}`;

/** Reading entities takes Cedar longer than deciding: it gets those that lie above who asks and what is asked about. */
function reachable(entities: cedar.EntityJson[], from: cedar.TypeAndId[]): cedar.EntityJson[] {
  const byUid = new Map(entities.map((one) => [text(one.uid as cedar.TypeAndId), one]));
  const found = new Set<cedar.EntityJson>();
  const visit = (uid: cedar.TypeAndId): void => {
    const one = byUid.get(text(uid));
    if (one === undefined || found.has(one)) return;
    found.add(one);
    for (const parent of one.parents) visit(parent as cedar.TypeAndId);
  };
  for (const uid of from) visit(uid);
  return [...found];
}

function policyText({ roles, bindings, policies }: Company): string {
  const lines: string[] = [];
  const add = (effect: 'allow' | 'deny', principal: string, scope: Scope, clauses: (string | undefined)[]): void => {
    const when = clauses.filter((clause) => clause !== undefined).map((clause) => ` when { ${clause} }`);
    const keyword = effect === 'allow' ? 'permit' : 'forbid';
    lines.push(`${keyword}(${principal}, action, resource in ${text(scopeEntity(scope))})${when.join('')};`);
  };
  const named = (patterns: string[]): string =>
    `(${patterns.map((pattern) => `context.permission like ${JSON.stringify(pattern)}`).join(' || ')})`;
  const maybe = (term: Term | undefined): string | undefined => (term === undefined ? undefined : toCedar(term));

  for (const [at, binding] of bindings.entries()) {
    for (const [role, { rules }] of roles.entries()) {
      for (const { permission, effect, condition } of rules) {
        const principal = `principal in ${text(held(role, at))}`;
        add(effect, principal, binding.scope, [named([permission]), maybe(binding.condition), maybe(condition)]);
      }
    }
  }
  for (const { effect, permissions, subjects, scope, condition } of policies) {
    const clauses = [named(permissions), maybe(condition)];
    if (subjects === 'all') {
      add(effect, 'principal', scope, clauses);
      continue;
    }
    for (const team of subjects.teams) add(effect, `principal in ${text(entity('Team', team))}`, scope, clauses);
    for (const role of subjects.roles) {
      for (const [at, binding] of bindings.entries()) {
        const where = `resource in ${text(scopeEntity(binding.scope))}`;
        add(effect, `principal in ${text(held(role, at))}`, scope, [where, maybe(binding.condition), ...clauses]);
      }
    }
  }
  return lines.join('\n');
}

function scopeEntities({ teams, projects }: Company): cedar.EntityJson[] {
  const tenant: Scope = { type: 'tenant', index: 0 };
  const inside = (scope: Scope, holder: Scope): cedar.EntityJson => ({
    uid: scopeEntity(scope),
    attrs: {},
    parents: [scopeEntity(holder)],
  });
  const holderOf = (team: number | undefined, organization: number): Scope =>
    team === undefined ? { type: 'organization', index: organization } : { type: 'team', index: team };
  return [
    { uid: scopeEntity(tenant), attrs: {}, parents: [] },
    ...Array.from({ length: organizationCount }, (_, index) => inside({ type: 'organization', index }, tenant)),
    ...teams.map(({ parent, organization }, index) => inside({ type: 'team', index }, holderOf(parent, organization))),
    ...projects.map(({ team, organization }, index) =>
      inside({ type: 'project', index }, holderOf(team, organization)),
    ),
  ];
}

function heldEntities({ roles, bindings }: Company): cedar.EntityJson[] {
  return bindings.flatMap((_, binding) =>
    roles.map(({ parents }, role) => ({
      uid: held(role, binding),
      attrs: {},
      parents: parents.map((parent) => held(parent, binding)),
    })),
  );
}

function peopleEntities({ users, teams, bindings }: Company, { user, acr, now }: Question): cedar.EntityJson[] {
  const active = ({ startsAt, expiresAt }: Binding): boolean =>
    startsAt <= now && (expiresAt === undefined || now < expiresAt);
  const holds = (type: 'user' | 'team', index: number): cedar.TypeAndId[] =>
    [...bindings.entries()]
      .filter(([, binding]) => binding.holder.type === type && binding.holder.index === index && active(binding))
      .map(([at, { role }]) => held(role, at));
  return [
    {
      uid: entity('User', user),
      attrs: { uid: ids.user(user), ...(acr !== undefined && { acr }) },
      parents: [...users[user]!.teams.map((team) => entity('Team', team)), ...holds('user', user)],
    },
    ...teams.map(({ parent }, index) => ({
      uid: entity('Team', index),
      attrs: {},
      parents: [...(parent === undefined ? [] : [entity('Team', parent)]), ...holds('team', index)],
    })),
  ];
}

function resourceEntity({ attributes, scope }: Question): cedar.EntityJson {
  return { uid: entity('Resource', 'asked'), attrs: { ...attributes }, parents: [scopeEntity(scope)] };
}

function toCedar(term: Term): string {
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
      return `resource has ${term.attribute}`;
    case 'oneOf':
      return `${JSON.stringify(term.values)}.contains(resource.kind)`;
    case 'tagged':
      return `resource.tags.contains(${JSON.stringify(term.value)})`;
    case 'startsWith':
      return `resource.kind like ${JSON.stringify(`${term.value}*`)}`;
    case 'own':
      return 'resource.owner == principal.uid';
    case 'acr':
      return `principal.acr == ${JSON.stringify(term.value)}`;
    case 'fresh':
      return `context.authAgeSeconds <= ${term.seconds}`;
    case 'not':
      return `!(${toCedar(term.term)})`;
    case 'and':
    case 'or':
      return `(${toCedar(term.terms[0])}) ${term.op === 'and' ? '&&' : '||'} (${toCedar(term.terms[1])})`;
  }
}
