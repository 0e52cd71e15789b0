/** A local server cannot be started or stopped for a reason the user can act on. The message is one line for the console. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** `EACCES: permission denied` of a system error without the call and the path, which the sentence around it names. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.split('\n', 1)[0]!.replace(/, \w+(?: '.*)?$/, '');
}

/** The line of a program's output that says why it failed: the last with an error, else the last. Java's stack is left out. */
export function lastLine(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => !/^\s+at /.test(line));
  return lines.findLast((line) => /error|fatal|exception/i.test(line))?.trim() ?? lines.at(-1) ?? '';
}
