import { z } from 'zod';

/** Section `api` of tocsin.yaml. */
export const apiConfig = z.strictObject({});

export type ApiConfig = z.infer<typeof apiConfig>;
