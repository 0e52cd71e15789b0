/** Days in which a tenant that was deleted can be restored. */
export const restoreDays = 30;
