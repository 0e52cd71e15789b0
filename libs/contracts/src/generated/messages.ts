// Generated from proto/topics.yaml by `npm run generate`. Do not edit.
export * from './idp/auth/v1/access_events_pb.ts';
export * from './idp/auth/v1/audit_events_pb.ts';
export * from './idp/auth/v1/credential_events_pb.ts';
export * from './idp/auth/v1/events_pb.ts';
export * from './idp/auth/v1/organization_events_pb.ts';
export * from './idp/auth/v1/role_events_pb.ts';
export * from './idp/catalog/v1/events_pb.ts';
export * from './idp/common/v1/events_pb.ts';
