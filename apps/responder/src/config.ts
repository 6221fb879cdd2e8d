import { duration } from '@tocsin/extension';
import { z } from 'zod';
import { neuvectorConfig } from './neuvector/config.js';

const positive = z.number().int().min(1);

const cluster = z
  .strictObject({
    /** As violations name it (`cluster`). */
    name: z.string().min(1).max(253),
    /** Path of a kubeconfig file. */
    kubeconfig: z.string().min(1).optional(),
    /** Of the kubeconfig; default its current one. */
    context: z.string().min(1).optional(),
    /** The cluster that Tocsin runs in, by its ServiceAccount. */
    inCluster: z.boolean().default(false),
    /** NeuVector's controller, for quarantines and captures by it. */
    neuvector: neuvectorConfig.optional(),
  })
  .refine(({ kubeconfig, inCluster }) => (kubeconfig !== undefined) !== inCluster, 'needs either "kubeconfig" or "inCluster: true"');

/** Section `responder` of tocsin.yaml. Without clusters, policies can only observe. */
export const responderConfig = z.strictObject({
  /** Where actions can be done. */
  clusters: z
    .array(cluster)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'has two clusters of one name')
    .default([]),
  /** What nothing is ever done to, whatever policies and people say. `kube-system` and its like always are. */
  protected: z
    .strictObject({
      /** Tocsin's own namespace belongs here. */
      namespaces: z.array(z.string().min(1)).default(['tocsin']),
      /** Label keys, of targets or of their namespaces. */
      labels: z.array(z.string().min(1)).default(['tocsin.dev/protected']),
      /** Pods on their node's own network. */
      hostNetwork: z.boolean().default(true),
      /** The last ready pod of a workload. */
      lastReadyReplica: z.boolean().default(true),
    })
    .prefault({}),
  /** Packet captures; without an image there are none. */
  capture: z
    .strictObject({
      /** The image of `deploy/capture`, by its digest: what a tag names can change. */
      image: z
        .string()
        .regex(/^[\w.-]+(:\d+)?(\/[\w.-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}$/, 'expected an image with its digest, registry/name@sha256:…')
        .optional(),
      /** Most of one capture; the kubelet keeps some 10 MB of a container's log, and base64 takes a third more. */
      maxBytes: positive.max(7_000_000).default(6_000_000),
      maxSeconds: positive.max(3_600).default(300),
    })
    .prefault({}),
  /** Of each cluster, over all policies; people cannot exceed these either. */
  limits: z
    .strictObject({
      /** Most actions that stand at a time. */
      maxActive: positive.default(20),
      /** Most that begin within `window`. */
      maxStarted: positive.default(30),
      window: duration.prefault('1h'),
    })
    .prefault({}),
  /** What has not begun so long after its incident changed does not begin: nothing is done about old news. */
  maxAge: duration.prefault('1h'),
  /** How long one call to a cluster may take. */
  callTimeout: duration.prefault('30s'),
  /** How long what fails is tried; undoing is tried for ever. */
  giveUp: duration.prefault('10m'),
  /** How often it is looked whether what was done still stands. */
  verifyEvery: duration.prefault('1m'),
  /** How often clusters are searched for effects that nothing on record stands for. */
  reconcileEvery: duration.prefault('1m'),
});

export type ResponderConfig = z.infer<typeof responderConfig>;
