import { createHash } from 'node:crypto';
import type { Principal } from '@idp/auth';
import { AuthError, TimeoutError, ValidationError } from '@idp/errors';
import type { Metrics } from '@idp/telemetry';
import { dataAnswer, matchesEtag, type EdgeHandler, type EdgeRequest } from '../contract.ts';
import { createSectionCache } from './section-cache.ts';
import { failedState, stateOf, type SectionAnswer, type SectionState } from './section-state.ts';
import type { Section } from './sections.ts';

/** Asks one service with these headers, which hold the caller's own credential. Rejects where it does not answer, with TimeoutError after `timeoutMs`. */
export type CallSection = (
  section: Section,
  call: { headers: Record<string, string>; clientIp: string; timeoutMs: number },
) => Promise<SectionAnswer>;

export interface HomeOptions {
  sections: readonly Section[];
  call: CallSection;
  /** Version of a tenant's rights as they are known here. */
  versionOf: (tenantId: string) => number | undefined;
  metrics: Metrics;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

const sectionMs = 800;
/** Whose the request is, what it has seen, and which one it is. */
const passedOn = ['authorization', 'cookie', 'x-authz-version', 'x-request-id', 'traceparent', 'tracestate'];

/**
 * One answer for a start page: sections are asked for side by side, each has 800 ms, and none can fail the others. Who is signed in
 * always gets 200. Throws 400 for a section nobody knows.
 */
export function homeHandler(options: HomeOptions): EdgeHandler {
  const { call, versionOf, metrics } = options;
  const cache = createSectionCache(options.now);
  const seconds = metrics.histogram('gateway_home_section_seconds', 'What sections of the home page took', [
    'section',
    'status',
  ]);

  async function ask(section: Section, request: EdgeRequest): Promise<SectionState> {
    const startedAt = performance.now();
    const asked = call(section, { headers: headersOf(request), clientIp: request.clientIp, timeoutMs: sectionMs });
    const state = await within(asked, sectionMs).then(stateOf, failedState);
    seconds.observe({ section: section.name, status: state.status }, (performance.now() - startedAt) / 1_000);
    return state;
  }

  return async (request) => {
    const { principal } = request;
    if (principal === undefined) throw new AuthError('a credential is required');
    const wanted = wantedSections(request.query, options.sections);
    const caller = callerKey(request, principal, versionOf(principal.tenantId));
    const states = await Promise.all(
      wanted.map(async (section) => [
        section.name,
        await cache.get(`${section.name} ${caller}`, () => ask(section, request)),
      ]),
    );
    return answer(request, Object.fromEntries(states) as Record<string, SectionState>);
  };
}

function wantedSections(query: URLSearchParams, sections: readonly Section[]): readonly Section[] {
  for (const name of query.keys()) {
    if (name !== 'sections') throw new ValidationError(`no query parameter ${JSON.stringify(name)} is known here`);
  }
  const texts = query.getAll('sections');
  if (texts.length === 0) return sections;
  const names = texts.join(',').split(',');
  const unknown = names.find((name) => sections.every((section) => section.name !== name));
  if (unknown !== undefined) {
    throw new ValidationError(`there is no section ${JSON.stringify(unknown.slice(0, 100))}`, {
      details: { sections: sections.map(({ name }) => name) },
    });
  }
  return sections.filter(({ name }) => names.includes(name));
}

/** Everything that may make two answers differ: tenant, subject, the bounds of the credential, its session, and the version of the rights. */
function callerKey({ headers }: EdgeRequest, principal: Principal, version: number | undefined): string {
  const { tenantId, type, id, keyId, sessionId, tokenId, scope, acr, accessVersion } = principal;
  const seen = headers['x-authz-version'];
  return JSON.stringify([tenantId, type, id, keyId ?? sessionId ?? tokenId, scope, acr, accessVersion, version, seen]);
}

function headersOf({ headers }: EdgeRequest): Record<string, string> {
  const kept = passedOn.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return { ...(Object.fromEntries(kept) as Record<string, string>), accept: 'application/json' };
}

/** A call that does not keep its time itself is waited for no longer. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimeoutError('the section took too long')), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Weak, since the ids in `meta` differ from answer to answer. */
function answer(request: EdgeRequest, sections: Record<string, SectionState>): ReturnType<typeof dataAnswer> {
  const digest = createHash('sha256').update(JSON.stringify(sections)).digest('base64url');
  const etag = `W/"${digest.slice(0, 22)}"`;
  const headers = { etag, 'cache-control': 'private, no-cache' };
  if (matchesEtag(request, etag)) return { status: 304, headers, body: '' };
  const whole = dataAnswer(request, sections);
  return { ...whole, headers: { ...whole.headers, ...headers } };
}
