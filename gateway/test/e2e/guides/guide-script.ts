const assertions = new URL('./assertions.sh', import.meta.url).pathname;

/** What stands behind a command: `# → what it prints`, or `# 404: why it is refused`. */
const claim = /^(?<command>\S.*?)\s+# (?:→ (?<prints>.+)|(?<status>4\d\d)\b.*)$/;

/**
 * The `sh` blocks of a guide as one script for bash, each command on its line of the guide. It ends with an error at the first command
 * that fails, and at the first that does not do what the comment behind it says.
 */
export function guideScript(markdown: string, replacements: Readonly<Record<string, string>> = {}): string {
  let text = markdown;
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`the guide does not say ${from}`);
    text = text.replaceAll(from, to);
  }
  let inside = false;
  let continued = false;
  const lines = text.split('\n').map((line) => {
    if (line.startsWith('```')) {
      inside = line === '```sh';
      return '';
    }
    if (!inside) return '';
    const found = claim.exec(line)?.groups;
    if (found !== undefined && continued) throw new Error(`a claim stands behind a part of a command: ${line}`);
    continued = line.endsWith('\\');
    return found === undefined ? line : claimed(found);
  });
  // The title of a guide is no command: its line has room.
  return [`. ${quoted(assertions)}`, ...lines.slice(1)].join('\n');
}

/** How many commands of a guide say what they do. */
export function countClaims(markdown: string): number {
  return markdown.split('\n').filter((line) => claim.test(line)).length;
}

function claimed({ command, prints, status }: Record<string, string | undefined>): string {
  if (prints !== undefined) return `said=$(${command}); printed ${quoted(prints.trim())} "$said"`;
  return `if said=$({ ${command}; } 2>&1); then said="it was accepted: $said"; fi; refused ${status} "$said"`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
