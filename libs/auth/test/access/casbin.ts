import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import { organizationCount, scopeId, type Company, type Question, type Scope } from './tenants.ts';

/** Groups of subjects and of scopes, deny before allow; a second scope narrows policies about roles. */
const model = `
[request_definition]
r = sub, scope, act
[policy_definition]
p = sub, scope, also, act, eft
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = keyMatch(r.act, p.act) && g(r.sub, p.sub) && g2(r.scope, p.scope) && g2(r.scope, p.also)
`;

/** The same tenant for casbin, as far as its model reaches: no conditions, every binding active. */
export async function askCasbin(company: Company): Promise<(question: Question) => boolean> {
  const lines = [...policies(company), ...subjectGroups(company), ...scopeGroups(company)];
  const enforcer = await newEnforcer(newModelFromString(model), new StringAdapter(lines.join('\n')));
  return ({ user, scope, permission }) => enforcer.enforceSync(`user-${user}`, scopeId(scope), permission);
}

const held = (role: number, binding: number): string => `role-${role}-${binding}`;

function policies({ roles, bindings, policies: rails }: Company): string[] {
  const lines: string[] = [];
  const add = (sub: string, scope: Scope, also: Scope, patterns: string[], effect: string): void => {
    for (const pattern of patterns) {
      lines.push(`p, ${sub}, ${scopeId(scope)}, ${scopeId(also)}, ${pattern}, ${effect}`);
    }
  };
  for (const [at, { scope }] of bindings.entries()) {
    for (const [role, { rules }] of roles.entries()) {
      for (const { permission, effect } of rules) add(held(role, at), scope, scope, [permission], effect);
    }
  }
  for (const { effect, permissions, subjects, scope } of rails) {
    if (subjects === 'all') {
      add('everybody', scope, scope, permissions, effect);
      continue;
    }
    for (const team of subjects.teams) add(`team-${team}`, scope, scope, permissions, effect);
    for (const role of subjects.roles) {
      for (const [at, binding] of bindings.entries()) add(held(role, at), scope, binding.scope, permissions, effect);
    }
  }
  return lines;
}

function subjectGroups({ users, teams, roles, bindings }: Company): string[] {
  return [
    ...users.flatMap((user, at) => [
      `g, user-${at}, everybody`,
      ...user.teams.map((team) => `g, user-${at}, team-${team}`),
    ]),
    ...teams.flatMap(({ parent }, at) => (parent === undefined ? [] : [`g, team-${at}, team-${parent}`])),
    ...bindings.flatMap(({ holder, role }, at) => [
      `g, ${holder.type}-${holder.index}, ${held(role, at)}`,
      ...roles.flatMap(({ parents }, child) => parents.map((parent) => `g, ${held(child, at)}, ${held(parent, at)}`)),
    ]),
  ];
}

function scopeGroups({ teams, projects }: Company): string[] {
  const line = (scope: Scope, holder: Scope): string => `g2, ${scopeId(scope)}, ${scopeId(holder)}`;
  const holderOf = (team: number | undefined, organization: number): Scope =>
    team === undefined ? { type: 'organization', index: organization } : { type: 'team', index: team };
  return [
    ...Array.from({ length: organizationCount }, (_, index) =>
      line({ type: 'organization', index }, { type: 'tenant', index: 0 }),
    ),
    ...teams.map(({ parent, organization }, index) => line({ type: 'team', index }, holderOf(parent, organization))),
    ...projects.map(({ team, organization }, index) => line({ type: 'project', index }, holderOf(team, organization))),
  ];
}
