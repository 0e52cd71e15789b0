/** Migrations of the table `secret_keys`, applied in every service's schema after those of `@idp/database`. */
export const secretsMigrations = { component: 'secrets', directory: new URL('../migrations/', import.meta.url) };
