export type { ServiceAnswer } from './attempt.ts';
export {
  createServiceClient,
  type ServiceCall,
  type ServiceClient,
  type ServiceClientOptions,
} from './service-client.ts';
