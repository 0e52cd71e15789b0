import { ToolError } from '@idp/tools';

/** Listens, or throws ToolError with a sentence that names the variable and the port. */
export async function takePort<T>(variable: string, port: number, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ToolError(`port ${port} is taken; stop what listens there or set ${variable}`, { cause: error });
    }
    if (code === 'EACCES') {
      throw new ToolError(`port ${port} may not be opened by this user; set ${variable} to one above 1023`, {
        cause: error,
      });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ToolError(`this machine has no address HOST to listen on (${code})`, { cause: error });
    }
    throw error;
  }
}
