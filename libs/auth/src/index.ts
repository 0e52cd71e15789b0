export type { AuthContextClass, Principal } from './principal.ts';
export { accessTokenSeconds, type AccessClaims } from './claims.ts';
export type { JwksSource } from './key-set.ts';
export { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';
export { signAccessToken, type SigningKey } from './token-signer.ts';
export { heldRoles, systemRoles, type ManifestRole, type SystemRole } from './roles.ts';
export {
  createAccess,
  type Access,
  type AccessReader,
  type AccessResource,
  type PermissionManifest,
  type Visibility,
} from './access.ts';
export { remotePorts, type PlatformPorts } from './remote-ports.ts';
