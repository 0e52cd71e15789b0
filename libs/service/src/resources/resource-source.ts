import type { AccessResource } from '@idp/auth';

/** What decisions that are made elsewhere ask of the objects of one service. */
export interface ResourceSource {
  /** Each ref in its order, as decisions see it; undefined where there is none. */
  describe(question: ResourceQuestion): Promise<readonly (AccessResource | undefined)[]>;
  /** Refs of the owners whose objects lie in these teams. */
  owners(question: OwnerQuestion): Promise<readonly string[]>;
}

interface AboutResources {
  tenantId: string;
  /** Resource type of the service's manifest. */
  type: string;
  signal?: AbortSignal;
}

export interface ResourceQuestion extends AboutResources {
  /** How others name its objects. At most `refsMax`. */
  refs: readonly string[];
}

export interface OwnerQuestion extends AboutResources {
  /** At most `teamsMax`. */
  teamIds: readonly string[];
}

export const refsMax = 1000;
export const teamsMax = 1000;
