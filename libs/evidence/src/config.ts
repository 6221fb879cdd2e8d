import { z } from 'zod';

const retention = {
  /** How long evidence is kept, unless it is under legal hold. */
  retentionDays: z.number().int().min(1).max(36_500).default(90),
};

/** Key `evidence` of tocsin.yaml: where what actions collect is kept. All services that are to read it need the same. */
export const evidenceConfig = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('directory'),
      /** Default: `evidence` in `dataDir`. */
      path: z.string().min(1).optional(),
      ...retention,
    }),
    z.strictObject({
      type: z.literal('s3'),
      bucket: z.string().min(3).max(63),
      /** Before the names of objects. */
      prefix: z.string().max(512).default('tocsin/'),
      region: z.string().min(1).default('us-east-1'),
      /** Of an S3 that is not Amazon's. Credentials come from where the AWS SDK looks for them. */
      endpoint: z.url().optional(),
      /** The bucket in the path rather than in the host's name, as MinIO and Ceph want it. */
      pathStyle: z.boolean().default(false),
      /** Asks the bucket's Object Lock to keep objects for as long; the bucket must have it. */
      objectLock: z.enum(['none', 'governance', 'compliance']).default('none'),
      ...retention,
    }),
  ])
  .prefault({ type: 'directory' });

export type EvidenceConfig = z.infer<typeof evidenceConfig>;
