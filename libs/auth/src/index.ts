export type { AuthContextClass, Principal } from './principal.ts';
export { accessTokenSeconds, type AccessClaims } from './claims.ts';
export type { JwksSource } from './key-set.ts';
export { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';
export { signAccessToken, type SigningKey } from './token-signer.ts';
export { heldRoles, systemRoles, type ManifestRole, type SystemRole } from './roles.ts';
export { systemRoleRecords } from './system-roles.ts';
export type { AccessResource, PermissionManifest } from './access.ts';
export {
  declarationBody,
  readDeclaration,
  serviceRecords,
  type DeclarationBody,
  type ServiceCalls,
  type ServiceDeclaration,
} from './declaration.ts';
export type { AccessPort } from './access-port.ts';
export type { RequestFacts } from './enforcement/required-version.ts';
export {
  askerOf,
  contextOf,
  createAccess,
  type DecisionSource,
  type Rights,
  type Access,
  type AccessOptions,
} from './enforcement/create-access.ts';
export type { ApiKeyPort, ApiKeyRatePolicy, ApiKeyUses, VerifiedApiKey } from './api-keys/key-port.ts';
export {
  apiKeySecretHash,
  formatApiKey,
  looksLikeApiKey,
  makeApiKey,
  parseApiKey,
  type ApiKeyKind,
} from './api-keys/key-text.ts';
export { scopeCovers } from './decision/bounds.ts';
export { createConditionCompiler, type ConditionCompiler } from './condition-compiler.ts';
export { createCredentialVerifier, type CredentialVerifier } from './credential-verifier.ts';
export { deferPorts, type DeferredPorts, type PlatformPorts } from './platform-ports.ts';
export { remotePorts } from './remote-ports.ts';
export { createServiceTokenSource } from './remote/service-token-source.ts';
export {
  createRevocationSignal,
  type Revocation,
  type RevocationSignal,
  type RevocationSource,
} from './revocations.ts';
export {
  readServiceKey,
  verifyServiceAssertion,
  type ServiceKey,
  type ServiceKeys,
} from './service-tokens/assertion.ts';
export {
  createAccessReplica,
  type AccessReplica,
  type AccessReplicaOptions,
  type IgnoredReason,
  revocationOf,
} from './replica/access-replica.ts';
export type { AccessAuthority, AccessSnapshot } from './replica/authority.ts';
export type { CompileCondition } from './decision/conditions.ts';
export { decide, type Decision, type DecisionReason } from './decision/decide.ts';
export type {
  BindingPrincipalType,
  BindingRecord,
  DecisionContext,
  DecisionPrincipal,
  DecisionRequest,
  DecisionResource,
  Effect,
  PlatformServiceRecord,
  PolicyRecord,
  PrincipalRecord,
  ResourceScope,
  RoleRecord,
  RuleRecord,
  ScopeRecord,
  ScopeType,
  SubjectType,
  TenantRecord,
} from './decision/model.ts';
export { anyCovers, patternCovers } from './decision/roles/pattern.ts';
export { findDeepRole, findRoleCycle, roleDepthMax, type RoleParents } from './decision/roles/role-graph.ts';
export type { SubjectRef, World } from './decision/world.ts';
export { createAccessStore, type AccessStore, type AccessStoreOptions } from './snapshot/access-store.ts';
export {
  compilePrincipals,
  compileRoles,
  compileScopes,
  compileTenant,
  type ShardBody,
} from './snapshot/compile-tenant.ts';
export type { BindingRow, TenantRows } from './snapshot/rows.ts';
export {
  canonicalJson,
  digestOf,
  nextVersion,
  sealShards,
  type AccessHead,
  type SealedShard,
  type SealedTenant,
  type ShardVersion,
} from './snapshot/seal-shards.ts';
export {
  headKey,
  readHead,
  readRevoked,
  readShardMessage,
  shardMessage,
  signHead,
  signRevoked,
  type Revoked,
} from './snapshot/records.ts';
export {
  policyShard,
  principalShard,
  roleShard,
  scopeShard,
  serviceShard,
  tenantShard,
} from './snapshot/shard-names.ts';
export {
  isGenuine,
  readVerificationKeys,
  signText,
  type SignedText,
  type TextSigner,
  type VerificationKeys,
} from './snapshot/signed.ts';
export type { RejectReason } from './snapshot/tenant-state.ts';
export { overlayWorld, type Overlay, type OverlayBinding } from './decision/overlay.ts';
export type { DecisionFault, Outcome } from './decision/outcome.ts';
export type { Grant, GrantSource, ScopeRef } from './decision/grants.ts';
export { grantedRules, missingForGrant, type GrantedRule } from './decision/questions/covers-grant.ts';
export { diffAccess, type AccessChange, type AccessDiff } from './decision/questions/diff-access.ts';
export { effectivePermissions, type EffectivePermission } from './decision/questions/effective-permissions.ts';
export {
  explain,
  type ExplainedCondition,
  type ExplainedStatement,
  type Explanation,
} from './decision/questions/explain.ts';
export { listSubjects, type AllowedSubject, type SubjectPage } from './decision/questions/list-subjects.ts';
export { scopesOf, type ScopesOf } from './decision/questions/scopes-of.ts';
export { visibility, type RowVisibility, type VisibilityQuestion } from './decision/rows/visibility.ts';
