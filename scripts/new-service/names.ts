/** Every form of the two names a new service is made of. */
export interface Names {
  /** `release-notes` */
  service: string;
  /** `note` */
  resource: string;
  /** Placeholder in a template → text. */
  replacements: ReadonlyMap<string, string>;
}

const kebab = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function pascal(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase());
}

function camel(name: string): string {
  const text = pascal(name);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * Names from the command line. The resource is one lower-case word: it stands in function names, paths and messages.
 * @throws Error with one sentence when a name has the wrong form or is taken.
 */
export function namesOf(service: string | undefined, resource: string, taken: readonly string[]): Names {
  if (service === undefined || !kebab.test(service) || service.length > 40) {
    throw new Error('a service is named in kebab-case, at most 40 characters: npm run new:service release-notes');
  }
  if (taken.includes(service)) throw new Error(`there is a service named ${service} already`);
  if (!/^[a-z]{2,20}$/.test(resource)) throw new Error('a resource is one lower-case word in the singular, like note');
  const replacements = new Map([
    ['__service__', service],
    ['__Service__', pascal(service)],
    ['__serviceCamel__', camel(service)],
    ['__service_snake__', service.replaceAll('-', '_')],
    ['__resource__', resource],
    ['__Resource__', pascal(resource)],
    ['__resources__', `${resource}s`],
    ['__Resources__', `${pascal(resource)}s`],
    ['__resources_snake__', `${resource}s`],
  ]);
  return { service, resource, replacements };
}

/** The text with every placeholder replaced. */
export function fill(text: string, names: Names): string {
  return text.replace(
    /__[A-Za-z]+(?:_[a-z]+)?__/g,
    (placeholder) => names.replacements.get(placeholder) ?? placeholder,
  );
}
