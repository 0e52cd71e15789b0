import type { IncomingMessage, ServerResponse } from 'node:http';

const waiting = new WeakSet<IncomingMessage>();

/** Marks a request whose client waits for `100 Continue` before it sends the body. */
export function markContinue(req: IncomingMessage): void {
  waiting.add(req);
}

/** Sends `100 Continue` to a client that waits for it: called once the request is authenticated and its length accepted. */
export function takeContinue(req: IncomingMessage, res: ServerResponse): void {
  if (req.headers.expect !== undefined && waiting.delete(req)) res.writeContinue();
}
