/** States and reasons as the check constraints of the migrations name them. */
export type UserStatus = 'pending' | 'active' | 'disabled' | 'deleted' | 'erased';

export type TenantStatus = 'active' | 'suspended' | 'deleting' | 'purging' | 'deleted';

export type RevocationReason = 'logout' | 'user' | 'admin' | 'reuse' | 'password' | 'disabled' | 'tenant' | 'limit';
