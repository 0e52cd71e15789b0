export type * from './contract.ts';
export { busDoor, createDatabase, platformDoor } from './database.ts';
export {
  idempotent,
  type AnswerSeal,
  type IdempotencyRequest,
  type IdempotentResult,
  type StoredAnswer,
} from './idempotency.ts';
export { purgeIdempotencyKeys } from './purge-idempotency-keys.ts';
export { eraseTenant, type EraseOptions } from './erase/erase-tenant.ts';
export { createKeyRowStore } from './key-rows.ts';
export { formatFinding, lintMigrations } from './lint/lint-migrations.ts';
export type { LintFinding } from './lint/rules.ts';
export { MigrationError } from './migrations/files.ts';
export { migrate, type MigrateOptions, type MigrateResult } from './migrations/migrate.ts';
export { databaseMigrations } from './migrations/own.ts';
export type { MigrationSource } from './migrations/source.ts';
export { boundedPage, boundedTotal, type BoundedPage, type BoundedTotal } from './pages/bounded.ts';
export { paginate, type Page, type PageRequest, type SortKey } from './pages/paginate.ts';
export { scan } from './pages/scan.ts';
export { bootstrapRoles, type BootstrapOptions } from './roles/bootstrap.ts';
export { bootstrapSql, type BootstrapSqlOptions } from './roles/bootstrap-sql.ts';
export { defaultRolePrefix, serviceRoles, type ServiceRoles } from './roles/names.ts';
export { derivePassword } from './roles/passwords.ts';
export { etag, ifMatch, lockIds } from './rows.ts';
export { named } from './transaction/bound-kysely.ts';
export type { PlatformDoor, PlatformOptions, PlatformTx } from './doors/platform.ts';
export { CommitUnknownError } from './wire/errors.ts';
export { catalogAssertions, type CatalogFinding } from './catalog/assertions.ts';
export type { SqlConnection } from './catalog/facts.ts';
export { wallReports, type WallReport } from './catalog/wall-reports.ts';
export { generateTables } from './catalog/generate-tables.ts';
export { explain, judgePlan, type PlanLimits, type QueryPlan } from './catalog/explain.ts';
