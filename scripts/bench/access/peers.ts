import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import { id, permissions, sizes, tenantId, type Company, type Question } from './company.ts';

/** The holder of every scope: project, team, organization, tenant. */
function holders({ rows }: Company): Map<string, string> {
  return new Map([
    ...rows.organizations.map(({ id: organization }) => [organization, tenantId] as const),
    ...rows.teams.map((team) => [team.id, team.parentTeamId ?? team.organizationId] as const),
    ...rows.projects.map((project) => [project.id, project.ownerTeamId ?? project.organizationId] as const),
  ]);
}

/** Cedar with its policies parsed before; every call brings the entities it needs. */
export function askCedar(company: Company): (question: Question) => boolean {
  const holder = holders(company);
  const policies = company.rolePermissions.flatMap((of, role) =>
    of.map(
      (permission) =>
        `permit(principal in Role::"${role}", action == Action::"${permissions[permission]}", resource in Scope::"${company.roleScopes[role]!.scopeId}");`,
    ),
  );
  const parsed = cedar.preparsePolicySet('bench', { staticPolicies: policies.join('\n') });
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message);

  function entities({ user, project }: Question): cedar.EntityJson[] {
    const roles = company.userRoles[user]!.map((role) => ({ type: 'Role', id: `${role}` }));
    const found: cedar.EntityJson[] = [{ uid: { type: 'User', id: `${user}` }, attrs: {}, parents: roles }];
    for (let at: string | undefined = id('c', project); at !== undefined; at = holder.get(at)) {
      const above = holder.get(at);
      const parents = above === undefined ? [] : [{ type: 'Scope', id: above }];
      found.push({ uid: { type: 'Scope', id: at }, attrs: {}, parents });
    }
    return found;
  }
  return (question) => {
    const answer = cedar.statefulIsAuthorized({
      principal: { type: 'User', id: `${question.user}` },
      action: { type: 'Action', id: permissions[question.permission]! },
      resource: { type: 'Scope', id: id('c', question.project) },
      context: {},
      preparsedPolicySetId: 'bench',
      entities: entities(question),
    });
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
    return answer.response.decision === 'allow';
  };
}

/** Its role model with deny before allow and patterns, which our rules have, too. */
const model = `
[request_definition]
r = sub, scope, act
[policy_definition]
p = sub, scope, act, eft
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && g2(r.scope, p.scope) && keyMatch(r.act, p.act)
`;

/** casbin with all its policies and the roles of the first `users` users. */
export async function askCasbin(company: Company, users: number): Promise<(question: Question) => boolean> {
  const lines = [
    ...company.rolePermissions.flatMap((of, role) =>
      of.map(
        (permission) => `p, role-${role}, ${company.roleScopes[role]!.scopeId}, ${permissions[permission]}, allow`,
      ),
    ),
    ...company.userRoles
      .slice(0, Math.min(users, sizes.users))
      .flatMap((roles, user) => roles.map((role) => `g, user-${user}, role-${role}`)),
    ...[...holders(company)].map(([scope, holder]) => `g2, ${scope}, ${holder}`),
  ];
  const enforcer = await newEnforcer(newModelFromString(model), new StringAdapter(lines.join('\n')));
  return ({ user, permission, project }) =>
    enforcer.enforceSync(`user-${user}`, id('c', project), permissions[permission]);
}
