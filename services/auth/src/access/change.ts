/** What a write has changed about who may do what in the tenant of its transaction. */
export interface AccessChange {
  /**
   * Everybody whose grants, membership, teams or state have changed: of a team that is gone the team itself, who was in it and
   * who held something in it. The transaction must see the global tables.
   */
  principals?: readonly { type: 'user' | 'team' | 'service-account'; id: string }[];
  /** Organizations, teams and projects that came, went or moved in the tree. */
  scopes?: readonly string[];
  roles?: boolean;
  policies?: boolean;
  /** The tenant's own status or settings. */
  tenant?: boolean;
}
