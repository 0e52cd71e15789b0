/** A file or folder on a forge's web pages: everything before the kind of page, the kind, the branch with the path. */
interface ForgePage {
  url: URL;
  forge: 'github' | 'gitlab' | 'bitbucket';
  repository: string;
  branch: string;
  path: string;
}

const pages: readonly { forge: ForgePage['forge']; host?: string; pattern: RegExp }[] = [
  { forge: 'github', host: 'github.com', pattern: /^(\/[^/]+\/[^/]+)\/(?:blob|tree|edit|raw)\/([^/]+)(\/.*)$/ },
  { forge: 'bitbucket', host: 'bitbucket.org', pattern: /^(\/[^/]+\/[^/]+)\/(?:src|raw)\/([^/]+)(\/.*)$/ },
  { forge: 'gitlab', pattern: /^(\/.+?)\/-\/(?:blob|tree|edit|raw)\/([^/]+)(\/.*)$/ },
];

function parsePage(target: string): ForgePage | undefined {
  const url = new URL(target);
  for (const { forge, host, pattern } of pages) {
    if (host !== undefined && url.host !== host) continue;
    const [, repository, branch, path] = pattern.exec(url.pathname) ?? [];
    if (repository !== undefined && branch !== undefined && path !== undefined) {
      return { url, forge, repository, branch, path };
    }
  }
  return undefined;
}

type PageKind = 'blob' | 'tree' | 'edit' | 'raw';

function formatPage(page: ForgePage, kind: PageKind, path = page.path): string {
  if (page.forge === 'github' && kind === 'raw') {
    return `https://raw.githubusercontent.com${page.repository}/${page.branch}${path}`;
  }
  const folder = { github: kind, gitlab: `-/${kind}`, bitbucket: kind === 'raw' ? 'raw' : 'src' }[page.forge];
  return `${page.url.origin}${page.repository}/${folder}/${page.branch}${path}`;
}

/** Address of the raw content behind a web page of a file; any other address is its own. Throws TypeError for what is no URL. */
export function rawContentUrl(target: string): string {
  const page = parsePage(target);
  return page ? formatPage(page, 'raw') : target;
}

/**
 * Resolves a target named in a file at `base`. On a forge a leading `/` means the root of the repository.
 * Throws TypeError for what is no URL.
 */
export function resolveWebUrl(target: string, base: string): string {
  if (URL.canParse(target)) return target;
  const page = parsePage(base);
  if (!page) return new URL(target, base).toString();
  const { pathname } = new URL(target, new URL(page.path, page.url.origin));
  return formatPage(page, page.forge === 'github' ? 'tree' : 'blob', pathname);
}

/** Where people read and edit the file, and the folder its sources lie in. */
export function pagesOfFile(target: string): { viewUrl: string; editUrl: string; sourceUrl: string } {
  const page = parsePage(target);
  const editUrl = page && page.forge !== 'bitbucket' ? formatPage(page, 'edit') : target;
  return { viewUrl: target, editUrl, sourceUrl: resolveWebUrl('./', target) };
}

/** Includes may come from the host the document came from: as typed, or where its raw content lies. */
export function isSameHost(target: string, base: string): boolean {
  const hosts = [base, rawContentUrl(base)].map((url) => new URL(url).host);
  return hosts.includes(new URL(target).host);
}
