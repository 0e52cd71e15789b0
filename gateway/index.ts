/** The fleet as data: its services, its public paths, and the documents made of both. */
export { brokerPrincipals, services } from './services.ts';
export { routes } from './routes.ts';
