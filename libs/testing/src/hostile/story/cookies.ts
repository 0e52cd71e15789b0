import type { Expectation } from '../items.ts';
import type { Answer } from '../wire/client.ts';

/** Cookies have the prefixes of browsers only where the platform's public address is HTTPS; elsewhere the plain names count. */
export function cookiesOf(secure: boolean, header: string): string {
  return secure ? header : header.replaceAll(/__(?:Host|Secure)-/g, '');
}

/** What the cookies of an answer lack of what an item expects, or have too much. */
export function cookieDeviations({ setCookie }: Expectation, answer: Answer): string[] {
  if (setCookie === undefined) return [];
  const { absentAttributes = [], ...wanted } = setCookie;
  const lines = answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value);
  const found = Object.entries(wanted).flatMap(([name, attributes]) => {
    const line = lines.find((each) => each.startsWith(`${name}=`));
    if (line === undefined) return [`no cookie ${name}`];
    const own = line.split('; ');
    return attributes.filter((each) => !own.includes(each)).map((each) => `cookie ${name} without ${each}`);
  });
  const tooMuch = lines.flatMap((line) =>
    absentAttributes.filter((each) => new RegExp(`; *${each}(=|;|$)`, 'i').test(line)),
  );
  return [...found, ...tooMuch.map((each) => `a cookie with ${each}`)];
}
