import { describe, expect, it } from 'vitest';
import { isSameHost, pagesOfFile, rawContentUrl, resolveWebUrl } from './web-url.ts';

const github = 'https://github.com/acme/shop/blob/main/catalog/all.yaml';
const gitlab = 'https://gitlab.example.com/acme/group/shop/-/blob/main/catalog/all.yaml';

describe('addresses of files on forges', () => {
  it.each([
    [github, 'https://raw.githubusercontent.com/acme/shop/main/catalog/all.yaml'],
    ['https://github.com/acme/shop/tree/v1/a.yaml', 'https://raw.githubusercontent.com/acme/shop/v1/a.yaml'],
    [gitlab, 'https://gitlab.example.com/acme/group/shop/-/raw/main/catalog/all.yaml'],
    ['https://bitbucket.org/acme/shop/src/main/a.yaml', 'https://bitbucket.org/acme/shop/raw/main/a.yaml'],
    ['https://example.com/a/blob/main/b.yaml', 'https://example.com/a/blob/main/b.yaml'],
  ])('%s is read raw', (page, raw) => {
    expect(rawContentUrl(page)).toBe(raw);
  });

  it.each([
    ['./one.yaml', github, 'https://github.com/acme/shop/tree/main/catalog/one.yaml'],
    ['../one.yaml', github, 'https://github.com/acme/shop/tree/main/one.yaml'],
    ['../../../../one.yaml', github, 'https://github.com/acme/shop/tree/main/one.yaml'],
    ['/one.yaml', gitlab, 'https://gitlab.example.com/acme/group/shop/-/blob/main/one.yaml'],
    ['/one.yaml', 'https://example.com/a/b.yaml', 'https://example.com/one.yaml'],
    ['https://example.com/x', github, 'https://example.com/x'],
  ])('%s at %s', (target, base, resolved) => {
    expect(resolveWebUrl(target, base)).toBe(resolved);
  });

  it('lead to the pages people read and edit', () => {
    expect(pagesOfFile(github)).toEqual({
      viewUrl: github,
      editUrl: 'https://github.com/acme/shop/edit/main/catalog/all.yaml',
      sourceUrl: 'https://github.com/acme/shop/tree/main/catalog/',
    });
  });

  it('share a host with their raw content', () => {
    expect(isSameHost('https://raw.githubusercontent.com/acme/other/main/x', github)).toBe(true);
    expect(isSameHost('https://example.com/x', github)).toBe(false);
  });
});
