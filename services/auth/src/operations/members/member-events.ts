import { MemberStatus } from '@idp/contracts';
import type { Tx } from '@idp/database';
import type { Member } from '../../store/members/members.ts';
import type { Tables } from '../../store/tables.ts';
import { findUser } from '../../store/users.ts';

const statuses: Readonly<Record<Member['status'], MemberStatus>> = {
  invited: MemberStatus.UNSPECIFIED,
  active: MemberStatus.ACTIVE,
  suspended: MemberStatus.SUSPENDED,
  removed: MemberStatus.UNSPECIFIED,
};

/** Members every event about a membership has; language and zone are those of the account. */
export async function memberData(tx: Tx<Tables>, { membershipId, userId, email, name, status }: Member) {
  const user = await findUser(tx, userId);
  return {
    membershipId,
    userId,
    email,
    displayName: name,
    locale: user?.locale ?? '',
    timezone: user?.timezone ?? '',
    status: statuses[status],
  };
}
