import { csv, httpUrl } from '@idp/config';

const url = httpUrl();

/** `catalog=http://host:port,…` as a map. */
export function serviceUrls() {
  return csv().transform((entries, ctx) => {
    const urls = new Map<string, string>();
    for (const entry of entries) {
      const [, service, text] = /^([a-z][a-z0-9-]*)=(.+)$/.exec(entry) ?? [];
      const parsed = text === undefined ? undefined : url.safeParse(text);
      if (service === undefined || parsed?.success !== true)
        ctx.addIssue({ code: 'custom', message: 'must be <service>=<http url>, several with commas between' });
      else urls.set(service, parsed.data);
    }
    return urls;
  });
}
