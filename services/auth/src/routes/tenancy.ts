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

/** What a tenant is made of: organizations, teams, projects and people. */
export function tenancyRoutes(ctx: AuthContext): RoutePlugin[] {
  return [
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
