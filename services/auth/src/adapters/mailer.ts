import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@idp/contracts';
import { createTransport } from 'nodemailer';

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Hands a mail to the next hop; rejects when that does not take it. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}

const timeoutMs = 15_000;

/**
 * Mail by SMTP to `url` (`smtp://` or `smtps://`, with credentials where the server asks for them). Without one each mail
 * becomes a file in `directory`, in the form of RFC 5322.
 */
export function createMailer({ url, from, directory }: { url?: string; from: string; directory: string }): Mailer {
  if (url === undefined) return fileMailer(from, directory);
  const transport = createTransport(
    {
      url,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // What a mail says is ours alone: nothing is read from files or addresses it might name.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return { send: async (mail) => void (await transport.sendMail(mail)) };
}

function fileMailer(from: string, directory: string): Mailer {
  const transport = createTransport(
    { streamTransport: true, buffer: true, newline: 'unix', disableFileAccess: true, disableUrlAccess: true },
    { from },
  );
  return {
    async send(mail) {
      const { message } = await transport.sendMail(mail);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // The links inside open doors: nobody else may read them, and nobody reads half a mail.
      const path = join(directory, newId());
      await writeFile(`${path}.part`, message as Buffer, { mode: 0o600 });
      await rename(`${path}.part`, `${path}.eml`);
    },
  };
}
