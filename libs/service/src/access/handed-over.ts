import type { IncomingMessage } from 'node:http';
import type { Principal } from '@idp/auth';

const verified = Symbol('verified principal');

type Carrying = IncomingMessage & { [verified]?: Principal };

/**
 * Tells the service that gets this request whose it is, so that a gateway in the same process and the service verify the credential
 * once between them. Nothing that came over a wire can carry it.
 */
export function handOverPrincipal(req: IncomingMessage, principal: Principal): void {
  (req as Carrying)[verified] = principal;
}

export function handedOverPrincipal(req: IncomingMessage): Principal | undefined {
  return (req as Carrying)[verified];
}
