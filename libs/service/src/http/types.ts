import type { FastifyPluginAsync, FastifyTypeProvider, RawServerDefault } from 'fastify';
import type { z } from 'zod';
import type { Principal } from '@idp/auth';
import type { IdempotencyRequest } from '@idp/database';
import type { JsonLimits } from '../json/json-limits.ts';
import type { RouteGuard } from '../access/guard.ts';
import type { StepUp } from '../access/step-up.ts';
import type { RequestOperation } from './operation.ts';

/** zod schemas type a handler's input by what they yield and its answer by what they take. */
export interface ServiceTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.core.$ZodType ? z.output<this['schema']> : unknown;
  serializer: this['schema'] extends z.core.$ZodType ? z.input<this['schema']> : unknown;
}

/** Routes of one resource: a Fastify plugin whose schemas are zod. */
export type RoutePlugin = FastifyPluginAsync<Record<never, never>, RawServerDefault, ServiceTypeProvider>;

/** Who may call a route. Every route names one; without it the service does not start. */
export type RouteAccess =
  | {
      /** `public`: anyone, `authenticated`: any valid credential, `service`: a service of the platform, on `/internal/…` alone. */
      access: 'public' | 'authenticated' | 'service';
      permission?: never;
    }
  | {
      /**
       * A permission of the service's manifest, checked before the handler: for the tenant, or, with `part`, for anything in it, where the
       * handler decides about what the request is about.
       */
      permission: string;
      access?: never;
    };

/** What else a route may declare under `config`. */
export interface RouteSettings {
  access?: 'public' | 'authenticated' | 'service';
  permission?: string;
  /** The handler decides about the object: who holds the permission in a part of the tenant alone may come as far. */
  part?: true;
  /** Asks for a recent sign-in; 403 `STEP_UP_REQUIRED` says how recent. */
  stepUp?: StepUp;
  /** False: the answer is sent as it is, without `{ data, meta }` (protocols and Backstage mounts). */
  envelope?: boolean;
  /** `Cache-Control` of successful answers; default `no-store`. */
  cacheControl?: string;
  /** `none`: a mutating POST that ignores `Idempotency-Key`, since it changes nothing here. */
  idempotency?: 'none';
  /** The id at the end may hold an encoded slash; it is decoded once. */
  encodedSlash?: boolean;
  /** Bounds of the JSON body other than the defaults. */
  json?: Partial<JsonLimits>;
  /** Keeps the bytes of the body for signature checks (`request.rawBody`). */
  rawBody?: boolean;
  /** Milliseconds before the work of a request is aborted; default 15,000. */
  deadlineMs?: number;
  /** Rate class of the gateway's table; shown in the description. */
  rateClass?: string;
  /** Error codes beyond those every operation may answer; shown in the description. */
  errors?: readonly string[];
  /** Not part of the public description. */
  internal?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig extends RouteSettings {
    guard?: RouteGuard;
  }
  interface FastifySchema {
    operationId?: string;
    summary?: string;
    description?: string;
    tags?: readonly string[];
    security?: readonly Record<string, readonly string[]>[];
    deprecated?: boolean;
    hide?: boolean;
  }
  interface FastifyInstance {
    /** Resolves when no request of this service is in flight, whoever handed it over. */
    idle(): Promise<void>;
  }
  interface FastifyRequest {
    /** Ids, deadline and caller of this request; also `currentContext()`. */
    operation: RequestOperation;
    principal: Principal | undefined;
    /** Set for a POST with `Idempotency-Key`; handed to `idempotentWrite`. */
    readonly idempotency: IdempotencyRequest | undefined;
    /** The key itself, once found well-formed. */
    idempotencyKey: string | undefined;
    /** Bytes of the body where the route keeps them. */
    rawBody: Buffer | undefined;
  }
}
