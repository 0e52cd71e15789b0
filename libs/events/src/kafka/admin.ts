import { UnavailableError } from '@idp/errors';
import type { Logger } from '@idp/telemetry';
import type { Admin } from 'kafkajs';
import { EventConfigurationError } from '../errors.ts';
import { createKafkaClient } from './client.ts';
import { errorTypes } from './kafka-errors.ts';
import type { KafkaSettings } from './settings.ts';

type Access = Pick<KafkaSettings, 'brokers' | 'ssl' | 'sasl'>;

/** Codes of Node.js for a certificate that is signed by nobody we trust, names somebody else or has expired. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/**
 * A connection for administration. Throws EventConfigurationError for a refused login and for a certificate that is not trusted, else
 * UnavailableError: one line to act on, which holds no password.
 */
export async function connectAdmin(settings: Access, service: string, logger: Logger): Promise<Admin> {
  const kafka = createKafkaClient(settings, service, logger);
  const admin = kafka.admin({ retry: { retries: 3, initialRetryTime: 200, maxRetryTime: 1_000 } });
  try {
    await admin.connect();
    return admin;
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw explain(error, settings);
  }
}

function explain(cause: unknown, { brokers, sasl }: Access): Error {
  const list = `the Kafka brokers ${brokers.join(', ')}`;
  if (errorTypes(cause).includes('KafkaJSSASLAuthenticationError')) {
    return new EventConfigurationError(`${list} refuse the login of ${sasl?.username}: see KAFKA_SASL_USERNAME`, {
      cause,
    });
  }
  if (codesOf(cause).some((code) => untrusted.test(code))) {
    return new EventConfigurationError(`${list} show a certificate that is not trusted: see KAFKA_SSL_CA`, { cause });
  }
  return new UnavailableError(`${list} cannot be reached`, { cause });
}

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; at instanceof Error && codes.length < 16; at = at.cause) {
    codes.push('code' in at && typeof at.code === 'string' ? at.code : '');
  }
  return codes;
}
