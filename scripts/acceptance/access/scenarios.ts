import { expectOneRowPerChange } from './audit.ts';
import { expectOwnChangesToCount, expectQuestionsToBeAnswered, expectRehearsalsToLeaveNothing } from './decisions.ts';
import { expectRolesToKeepTheirTime } from './expiry.ts';
import { expectInvitationsToBePersonal, expectInvitationsToCountOnce } from './invitations.ts';
import { expectWallToBeWatched } from './isolation.ts';
import { expectFoundKeyToEnd, expectKeyToFollowItsOwner, expectKeyToLiveAndEnd } from './keys.ts';
import { expectListsToBeFiltered } from './lists.ts';
import { expectAnOwnerToStay, expectRemovalToBeWhole } from './owners.ts';
import type { Place } from './place.ts';
import { expectRevocationsToArrive } from './revocations.ts';
import { expectOneRotation, expectSessionsToEnd } from './sessions.ts';
import { expectKeysToChangeUnderLoad } from './signing-keys.ts';
import { expectMaintainersToRuleBelow, expectTeamsToNestAndMove } from './teams.ts';
import { expectSessionToSwitch, expectTenantToEnd, expectTenantToRestAndGoOn } from './tenants.ts';

/** What access promises, seen from outside; every host keeps it (auth §8). */
export const scenarios: readonly [string, (place: Place) => Promise<void>][] = [
  ['twenty refreshes at once are one rotation, and the token of before ends the session', expectOneRotation],
  ['one session, the others and the last one end in every service', expectSessionsToEnd],
  ['an API key is used, narrowed, rotated and ended', expectKeyToLiveAndEnd],
  ['an API key that was found ends at once', expectFoundKeyToEnd],
  ['an API key never does more than its owner may', expectKeyToFollowItsOwner],
  [
    'signing keys change under load without a refused request, and a revoked one counts nowhere',
    expectKeysToChangeUnderLoad,
  ],
  ['a session moves between tenants, and each token opens its own alone', expectSessionToSwitch],
  ['a tenant is stopped and goes on', expectTenantToRestAndGoOn],
  ['a tenant is closed, taken back, closed again and erased by every service', expectTenantToEnd],
  ['an invitation counts once', expectInvitationsToCountOnce],
  ['an invitation is for one person, and gives no more than who invites has', expectInvitationsToBePersonal],
  ['teams nest five deep, and a move takes rights along', expectTeamsToNestAndMove],
  ['maintainers decide about their team and those below', expectMaintainersToRuleBelow],
  ['of two owners who demote each other one stays', expectAnOwnerToStay],
  ['a removed member is gone with all that hung on the membership', expectRemovalToBeWhole],
  ['roles begin and end at their millisecond', expectRolesToKeepTheirTime],
  ['questions about rights are answered', expectQuestionsToBeAnswered],
  ['what would be is answered, and nothing of it is kept', expectRehearsalsToLeaveNothing],
  ['who sends the version of a change back is never judged by the world before it', expectOwnChangesToCount],
  ['lists, counts and facets are what a filter row by row leaves', expectListsToBeFiltered],
  ['what is taken away is refused by every process', expectRevocationsToArrive],
  ['each change has one audit row, and nothing else has one', expectOneRowPerChange],
  ['the wall between tenants is watched as it stands', expectWallToBeWatched],
];
