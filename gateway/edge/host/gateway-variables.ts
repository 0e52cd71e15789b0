import { csv } from '@idp/config';
import { kernelConfig } from '@idp/service';
import { z } from 'zod';

/** Variables of the gateway, whichever process it runs in. */
export const gatewayVariables = {
  /** Exact origins whose pages may read the gateway's own errors. */
  GATEWAY_ALLOWED_ORIGINS: csv().default([]),
  /** `mailto:` or `https:` address in /.well-known/security.txt. Default `mailto:security@` and the public host. */
  SECURITY_CONTACT: z
    .string()
    .regex(/^(mailto:|https:\/\/)\S+$/, 'must be a mailto: or https: address')
    .optional(),
  RATE_LIMITS: kernelConfig.shape.RATE_LIMITS,
  RATE_LIMITS_FILE: kernelConfig.shape.RATE_LIMITS_FILE,
};
