import { all, naiveTruth, some, type Term, type Truth } from './expressions.ts';
import { ids, type Binding, type Company, type Question, type Scope } from './tenants.ts';

/** The rule of the specification once more, slowly and straight from the drawing: no index, no order, no short cut. */
export function naiveDecision(company: Company, question: Question): boolean {
  const { user, permission, now } = question;
  if (company.status !== 'active' || company.users[user]!.suspended) return false;
  const asker = {
    id: ids.user(user),
    ...(question.acr !== undefined && { acr: question.acr }),
    ...(question.authAgeSeconds !== undefined && { authAgeSeconds: question.authAgeSeconds }),
  };
  const truth = (term: Term | undefined): Truth =>
    term === undefined ? true : naiveTruth(term, question.attributes, asker);
  const around = scopesAround(company, question.scope);
  const holds = (scope: Scope): boolean =>
    around.some((held) => held.type === scope.type && held.index === scope.index);

  const teams = company.users[user]!.teams.flatMap((team) => teamAndAbove(company, team));
  const mine = company.bindings.filter(
    ({ holder, startsAt, expiresAt = Number.POSITIVE_INFINITY }: Binding) =>
      (holder.type === 'user' ? holder.index === user : teams.includes(holder.index)) &&
      startsAt <= now &&
      now < expiresAt,
  );

  const statements: { effect: 'allow' | 'deny'; truth: Truth }[] = [];
  for (const binding of mine.filter(({ scope }) => holds(scope))) {
    for (const role of roleAndParents(company, binding.role)) {
      for (const rule of company.roles[role]!.rules) {
        if (!names(rule.permission, permission)) continue;
        statements.push({ effect: rule.effect, truth: all([truth(binding.condition), truth(rule.condition)]) });
      }
    }
  }
  for (const { effect, permissions, subjects, scope, condition } of company.policies) {
    if (!holds(scope) || !permissions.some((pattern) => names(pattern, permission))) continue;
    const concerned =
      subjects === 'all' ||
      some([
        subjects.teams.some((team) => teams.includes(team)),
        ...mine
          .filter((binding) => roleAndParents(company, binding.role).some((role) => subjects.roles.includes(role)))
          .map((binding) => all([holds(binding.scope), truth(binding.condition)])),
      ]);
    statements.push({ effect, truth: all([concerned, truth(condition)]) });
  }
  const denied = statements.some(({ effect, truth: outcome }) => effect === 'deny' && outcome !== false);
  return !denied && statements.some(({ effect, truth: outcome }) => effect === 'allow' && outcome === true);
}

export function names(pattern: string, permission: string): boolean {
  return new RegExp(`^${pattern.replace(/\*$/, '.*')}$`).test(permission);
}

export function roleAndParents(company: Company, role: number): number[] {
  return [role, ...company.roles[role]!.parents.flatMap((parent) => roleAndParents(company, parent))];
}

export function teamAndAbove(company: Company, team: number): number[] {
  const { parent } = company.teams[team]!;
  return parent === undefined ? [team] : [team, ...teamAndAbove(company, parent)];
}

export function scopesAround(company: Company, scope: Scope): Scope[] {
  const tenant: Scope = { type: 'tenant', index: 0 };
  if (scope.type === 'tenant') return [tenant];
  if (scope.type === 'organization') return [scope, tenant];
  const organization = (index: number): Scope => ({ type: 'organization', index });
  const team = (index: number): Scope[] => [
    ...teamAndAbove(company, index).map((above): Scope => ({ type: 'team', index: above })),
    organization(company.teams[index]!.organization),
    tenant,
  ];
  if (scope.type === 'team') return team(scope.index);
  const project = company.projects[scope.index]!;
  return [scope, ...(project.team === undefined ? [organization(project.organization), tenant] : team(project.team))];
}
