import type { AnyService } from '@idp/service';
import { MissingError } from '../../../src/hostile/missing.ts';
import type { HostileBus } from '../../../src/hostile/kinds/event.ts';
import type { Tenant } from '../people.ts';
import type { Platform } from '../platform.ts';
import type { Principals } from '../principals.ts';
import type { Workloads } from '../workloads.ts';
import { startApart, type Apart } from './apart.ts';
import { accessTopic, type Scene } from './rights.ts';
import { silence } from './silence.ts';
import { deceiveSnapshot } from './snapshots.ts';
import { plantStranger } from './strangers.ts';

export interface Bus extends HostileBus, AsyncDisposable {}

/** The bus of a platform, and a process apart that is fed by it from the first item on. */
export function createBus(parts: {
  platform: Platform;
  principals: Principals;
  tenants: readonly Tenant[];
  definition: AnyService;
  workloads: Workloads;
  advance(milliseconds: number): void;
}): Bus {
  const { platform, principals, tenants, definition, workloads, advance } = parts;
  let starting: Promise<Apart> | undefined;
  const scene = async (): Promise<Scene> => {
    starting ??= startApart(platform, definition, workloads);
    const apart = await starting;
    await apart.recovered();
    return { platform, principals, tenants, apart };
  };
  return {
    async put(input) {
      const { topic, make } = input;
      if (make === 'TeamCreated' || make === 'raw') return plantStranger(platform, tenants, input);
      if (make === 'silence')
        return [{ place: definition.name, facts: await silence(await scene(), input.seconds!, advance) }];
      if (topic !== accessTopic) throw new MissingError('capability', `${make} on ${topic}`);
      return [{ place: definition.name, facts: await deceiveSnapshot(await scene(), input) }];
    },
    async [Symbol.asyncDispose]() {
      await (await starting)?.[Symbol.asyncDispose]();
    },
  };
}
