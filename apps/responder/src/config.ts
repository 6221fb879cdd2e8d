import { z } from 'zod';

/** Section `responder` of tocsin.yaml. */
export const responderConfig = z.strictObject({
  /** `observe` plans what the policies want done and does none of it; it is the only mode there is. */
  mode: z.literal('observe').default('observe'),
});

export type ResponderConfig = z.infer<typeof responderConfig>;
