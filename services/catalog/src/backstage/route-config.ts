/** Reads: any member of the tenant may ask, what is shown depends on rights; clients revalidate with the ETag. */
export const readConfig = { access: 'authenticated', envelope: false, cacheControl: 'private, no-cache' } as const;

/** Reads that take their question in a body. */
export const queryConfig = { ...readConfig, idempotency: 'none' } as const;
