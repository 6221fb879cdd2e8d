import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { Blobs } from './blobs.js';
import type { EvidenceConfig } from './config.js';

type S3Config = Extract<EvidenceConfig, { type: 's3' }>;

/** Objects of a bucket; https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export function s3Blobs({ bucket, prefix, region, endpoint, pathStyle, objectLock }: S3Config): Blobs {
  const client = new S3Client({ region, forcePathStyle: pathStyle, maxAttempts: 5, ...(endpoint !== undefined && { endpoint }) });
  const place = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });
  return {
    async put(key, bytes, { sha256, retainUntil }) {
      try {
        await client.send(
          new PutObjectCommand({
            ...place(key),
            Body: bytes,
            // The service computes it again, and refuses bytes that changed on the way.
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
            // Never replaces what is there.
            IfNoneMatch: '*',
            ...(objectLock !== 'none' && {
              ObjectLockMode: objectLock === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
              ObjectLockRetainUntilDate: new Date(retainUntil),
            }),
          }),
        );
      } catch (error) {
        // 412: it is there. The key holds the hash, so it is the same.
        if (!(error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412)) throw error;
      }
    },
    async get(key) {
      const { Body } = await client.send(new GetObjectCommand({ ...place(key), ChecksumMode: 'ENABLED' }));
      if (Body === undefined) throw new Error(`S3 gave no content for "${key}".`);
      return Buffer.from(await Body.transformToByteArray());
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand(place(key)));
    },
  };
}
