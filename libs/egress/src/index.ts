export { createEgress } from './egress.ts';
export type { Egress, EgressOptions } from './egress.ts';
export type { CheckOptions, EgressInit, EgressResponse, EgressStream, FetchOptions } from './contract.ts';
export type { FailureReason } from './call/failure.ts';
export type { EgressClass } from './classes.ts';
export { excerpt } from './excerpt.ts';
export type { OwnEndpoint } from './guard/own-endpoints.ts';
export { createResolver } from './guard/resolve.ts';
export type { HostResolver } from './guard/resolve.ts';
