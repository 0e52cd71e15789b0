import type { RoutePlugin } from '@idp/service';
import type { AuthContext } from '../context.ts';
import { invitationAnswerRoutes } from './invitations/answers.ts';
import { invitationRoutes } from './invitations/invitations.ts';
import { organizationMemberRoutes } from './members/organization-members.ts';
import { userStateRoutes } from './members/user-state.ts';
import { userRoutes } from './members/users.ts';
import { organizationRoutes } from './organizations/organizations.ts';
import { projectRoutes } from './organizations/projects.ts';
import { teamMemberRoutes } from './organizations/team-members.ts';
import { teamRoutes } from './organizations/teams.ts';
import { tenantAdministrationRoutes } from './tenants/index.ts';

/** Tenants and what they are made of: organizations, teams, projects and people. */
export function tenancyRoutes(ctx: AuthContext): RoutePlugin[] {
  return [
    ...tenantAdministrationRoutes(ctx),
    organizationRoutes(ctx),
    teamRoutes(ctx),
    teamMemberRoutes(ctx),
    projectRoutes(ctx),
    userRoutes(ctx),
    userStateRoutes(ctx),
    organizationMemberRoutes(ctx),
    invitationRoutes(ctx),
    invitationAnswerRoutes(ctx),
  ];
}
