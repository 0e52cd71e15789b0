import { MissingError } from '../missing.ts';
import { matches, pathsOf } from '../routes.ts';
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
      const fits = (template: string, wanted: string) =>
        pathsOf(wanted, name === 'gateway').some((each) => matches(template, each));
      const serves = (wanted: string) => operations.find(({ operation }) => fits(operation.path, wanted));
      const found =
        operations.find(({ operation }) => operation.method === method && fits(operation.path, path)) ??
        serves(path) ??
        operations.find(({ operation }) => plain(path).startsWith(`${operation.path}/`)) ??
        serves(plain(path)) ??
        (/^\/(internal|metrics|info)\b/.test(path) ? operations.find(({ target }) => isDoor(target)) : undefined);
      if (found === undefined)
        throw new MissingError('route', `${method} ${path.replace(/[^/]*«[^/]*|[0-9a-f-]{36}/g, '…')}`);
      return found.target;
    },
  };
}

/** The path a text that is no path of anybody's imitates: decoded once, in lower case, without an ending. */
function plain(path: string): string {
  return path
    .replace(/%([0-7][0-9a-f])/gi, (_whole, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .toLowerCase()
    .replace(/\0|\.json$/g, '');
}

/** What is not described is asked of the gateway, which must not know it, and of auth, which serves services. */
function isDoor({ gateway, name }: Target): boolean {
  return gateway === true || name === 'auth';
}
