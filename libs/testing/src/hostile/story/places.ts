import { MissingError } from '../missing.ts';
import { matches } from '../routes.ts';
import type { PreparedOperation, Target } from '../target.ts';

/** Where a story happens as a whole: at the services themselves, or through the gateway. */
export interface Place {
  name: 'services' | 'gateway';
  /** Who serves a request. Throws {@link MissingError} where nobody has its route. */
  targetOf(method: string, path: string): Target;
}

/** Both places, where they exist; `via` of an item names one of them. */
export function placesFor(operations: readonly PreparedOperation[], via?: 'gateway' | 'service'): readonly Place[] {
  const atGateway = operations.filter(({ target }) => target.gateway === true);
  const atServices = operations.filter(({ target }) => target.gateway !== true);
  const places: Place[] = [];
  if (atServices.length > 0 && via !== 'gateway') places.push(placeOver('services', atServices));
  if (atGateway.length > 0 && via !== 'service') places.push(placeOver('gateway', atGateway));
  if (places.length === 0) throw new MissingError('capability', `a ${via} of its own`);
  return places;
}

function placeOver(name: Place['name'], operations: readonly PreparedOperation[]): Place {
  return {
    name,
    targetOf(method, path) {
      const found = operations.find(({ operation }) => operation.method === method && matches(operation.path, path));
      if (found === undefined)
        throw new MissingError('route', `${method} ${path.replace(/[^/]*«[^/]*|[0-9a-f-]{36}/g, '…')}`);
      return found.target;
    },
  };
}
