import { z } from 'zod';

/** Invitations to be mailed. */
export const invitationMailQueue = {
  name: 'mail-invitation',
  payload: z.strictObject({ invitationId: z.uuid() }),
};
