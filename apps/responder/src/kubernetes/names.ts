import { z } from 'zod';

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const PREFIX = '([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*/)?';

/** A key of a label or annotation. Those of Kubernetes and of ours mean something to others. */
export const metadataKey = z
  .string()
  .max(317)
  .regex(new RegExp(`^${PREFIX}${NAME}$`), 'expected a label key such as example.com/under-review')
  .refine((key) => !/(^|\.)(kubernetes|k8s)\.io\//.test(key) && !key.startsWith('tocsin.dev/'), 'is a key that belongs to Kubernetes or to Tocsin');

export const labelValue = z.string().regex(new RegExp(`^(${NAME})?$`), 'expected up to 63 letters, digits, "-", "_" and "."');
