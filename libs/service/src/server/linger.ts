import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** What of an unread body is read and dropped before its connection goes. */
const lingerMaxMs = 2_000;
const lingerMaxBytes = 16 * 1024 * 1024;

/**
 * Closes connections in the two steps of RFC 9112 §9.6 where an answer went out before the body was read: our side ends, what the
 * client still sends is dropped, within bounds, until its side ends too. Closing at once makes the kernel answer those bytes with
 * a reset, on which the client may throw the answer away that it has not read yet.
 */
export function lingerOnUnreadBodies(server: Server): void {
  const latest = new WeakMap<Socket, IncomingMessage>();
  const remember = (req: IncomingMessage): void => void latest.set(req.socket, req);
  for (const event of ['request', 'checkContinue', 'checkExpectation']) server.prependListener(event, remember);
  server.on('connection', (socket: Socket) => {
    const destroySoon = socket.destroySoon.bind(socket);
    // Node calls this when the last answer of a connection has been written.
    socket.destroySoon = () => {
      if (socket.destroyed || latest.get(socket)?.complete !== false) destroySoon();
      else linger(socket);
    };
  });
}

function linger(socket: Socket): void {
  let dropped = 0;
  const drop = (chunk: Buffer): void => {
    dropped += chunk.length;
    if (dropped > lingerMaxBytes) socket.destroy();
  };
  // The parser reads no further: what follows the body is no request any more.
  socket.on('data', drop);
  for (const listener of socket.listeners('data')) if (listener !== drop) socket.off('data', listener as () => void);
  const timer = setTimeout(() => socket.destroy(), lingerMaxMs);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end();
}
