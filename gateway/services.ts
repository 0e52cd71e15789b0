import { auth } from '@idp/auth-service';
import { catalog } from '@idp/catalog-service';
import type { AnyService } from '@idp/service';

/** Every service of the fleet, in the order of the start table. */
export const services: readonly AnyService[] = [auth, catalog];

/** Whoever speaks to the brokers: the services and the edge. */
export const brokerPrincipals: readonly string[] = [...services.map(({ name }) => name), 'edge'];
