import type { HostileBus } from './kinds/event.ts';
import type { Names } from './values/names.ts';
import type { OpenApiDocument, Operation } from './openapi/document.ts';
import { operationsOf } from './openapi/document.ts';
import { sampleRequest } from './openapi/sample.ts';
import type { SampleRequest } from './openapi/sample.ts';
import type { Stage } from './story/stage.ts';
import type { TokenKeys } from './tokens/keys.ts';
import type { Outgoing } from './wire/client.ts';

/** One service as the suites see it: an address and a description. */
export interface Target {
  name: string;
  /** `http://host:port`, no trailing slash. */
  baseUrl: string;
  document: OpenApiDocument;
  /** The address is the gateway: it also knows paths without a version. */
  gateway?: boolean;
  /** Whoever asks too often is refused here. */
  limited?: boolean;
  /** True while the process serves. */
  ready(): Promise<boolean>;
}

/** What the description of an operation cannot say: who may call it and which stored things a valid request names. */
export interface Arrangement {
  /** Why nobody can call it with success in the world of the suites, which start from requests that succeed: they leave it out. */
  impossible?: string;
  /** Principal of a valid request; default `ownerA`. */
  as?: string;
  /** Who tries it on another tenant, where the platform itself may do so to every tenant; default is `as`. */
  intruder?: string;
  /** Parts of a valid request, made anew for each one. */
  request?(): Promise<Partial<SampleRequest>> | Partial<SampleRequest>;
  /** Members of no tenant may do this: it is the platform's. */
  platform?: true;
  /** Success stores nothing, so there is nothing to read back. */
  storesNothing?: boolean;
  /** Members that are kept in a canonical form (references), so that they need not read back byte for byte. */
  canonical?: readonly string[];
  /** Takes away what earlier requests left, so that only what comes now can collide. */
  clear?(): Promise<unknown>;
  /** Members whose value any number of records may have. */
  repeatable?: readonly string[];
  /** Members that are only looked up, with the status for one that names nothing. */
  misses?: Readonly<Record<string, number>>;
}

/** The operations as people of each tenant call them. */
export interface Sides {
  a: readonly PreparedOperation[];
  b: readonly PreparedOperation[];
}

/** The world the suites run in. */
export interface Fixture {
  /** Values of «names». */
  names: Names;
  /** Request headers that prove a principal. Rejects with a `MissingError` for one that does not exist. */
  credentials(principal: string): Promise<Readonly<Record<string, string>>>;
  /** By operation id. */
  arrangements: Readonly<Record<string, Arrangement>>;
  /** Values for path parameters that no arrangement names, by the names of all of them. */
  pathValues(names: readonly string[], operation: Operation): Record<string, string> | undefined;
  /** All log lines of the platform so far; undefined where they cannot be read. */
  logs?(): string;
  /** Keys to sign tokens with; undefined where the platform does not hand them out. */
  tokenKeys?: TokenKeys;
  /** How often the database was asked about API keys so far. */
  keyQuestions?(): number;
  /** The lowest role that holds a permission by the manifests of the services. */
  lowestRole?(permission: string): string | undefined;
  /** The public address is HTTPS: cookies have the prefixes of browsers. */
  secure?: boolean;
  /** Both tenants, for items about one and the other. */
  sides?: Sides;
  /** Where it is there, items of several steps are played as stories. */
  stage?: Stage;
  /** Where records can be put on the bus past the producers. */
  bus?: HostileBus;
  /** The time the services see, in milliseconds of the epoch; default is the machine's. */
  now?(): number;
}

/** An operation with everything needed to call it well. */
export interface PreparedOperation {
  target: Target;
  operation: Operation;
  arrangement: Arrangement;
  /** A valid request of its own. */
  request(): Promise<SampleRequest>;
  headers(): Promise<Record<string, string>>;
}

export function prepareOperations(targets: readonly Target[], fixture: Fixture): readonly PreparedOperation[] {
  return targets.flatMap((target) =>
    operationsOf(target.document)
      .filter(({ id }) => fixture.arrangements[id]?.impossible === undefined)
      .map((operation) => prepare(target, operation, fixture)),
  );
}

function prepare(target: Target, operation: Operation, fixture: Fixture): PreparedOperation {
  const arrangement = fixture.arrangements[operation.id] ?? {};
  return {
    target,
    operation,
    arrangement,
    async request() {
      const sample = sampleRequest(target.document, operation);
      const parameters = operation.parameters.filter((each) => each.in === 'path').map((each) => each.name);
      const found = parameters.length === 0 ? {} : fixture.pathValues(parameters, operation);
      const own = (await arrangement.request?.()) ?? {};
      return {
        path: { ...sample.path, ...found, ...own.path },
        query: { ...sample.query, ...own.query },
        ...('body' in own ? { body: own.body } : 'body' in sample ? { body: sample.body } : {}),
      };
    },
    async headers() {
      const credentials = operation.public ? {} : await fixture.credentials(arrangement.as ?? 'ownerA');
      return { accept: 'application/json', ...credentials };
    },
  };
}

/** Fills the template and the query; every value is percent-encoded whole. */
export function targetOf(path: string, request: Pick<SampleRequest, 'path' | 'query'>): string {
  const filled = path.replace(/\{([^}]+)\}/g, (_whole, name: string) => encodeURIComponent(request.path[name] ?? ''));
  const query = new URLSearchParams(request.query).toString();
  return query === '' ? filled : `${filled}?${query}`;
}

/** A request as bytes on the wire; a body that is no Buffer goes as JSON. */
export async function outgoing(
  prepared: PreparedOperation,
  request: SampleRequest,
  json: string | Buffer | undefined,
): Promise<Outgoing> {
  const { method, path } = prepared.operation;
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  const match = method === 'PUT' || method === 'PATCH' || method === 'DELETE' ? { 'if-match': '*' } : {};
  const headers = { ...(await prepared.headers()), ...type, ...match };
  return { method, target: targetOf(path, request), headers, ...(json === undefined ? {} : { body: json }) };
}
