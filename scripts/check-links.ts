// Every relative link in a Markdown file leads to something, and every package is one click away from README.md.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

function markdownFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '' && !file.startsWith('examples/') && existsSync(file));
}

function linksOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

function target(file: string, link: string): string | undefined {
  if (/^[a-z]+:/i.test(link) || link.startsWith('#')) return undefined;
  return normalize(join(dirname(file), decodeURIComponent(link.replace(/#.*$/, ''))));
}

function packages(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '**/package.json'], {
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter((file) => /^(libs|services|gateway|deploy)\//.test(file))
    .map((file) => dirname(file));
}

const broken: string[] = [];
for (const file of markdownFiles()) {
  for (const link of linksOf(file)) {
    const path = target(file, link);
    if (path !== undefined && !existsSync(path)) broken.push(`${file}: ${link} leads nowhere`);
  }
}
const fromReadme = new Set(linksOf('README.md').map((link) => target('README.md', link)?.replace(/\/$/, '')));
for (const folder of packages()) {
  if (![...fromReadme].some((path) => path === folder || path?.startsWith(`${folder}/`))) {
    broken.push(`README.md: no link to ${folder}`);
  }
}
if (broken.length > 0) {
  console.log(broken.join('\n'));
  process.exit(1);
}
