import { describe, expect, it } from '@jest/globals';
import { labelValue, metadataKey } from './names.js';
import { nameOf } from './paths.js';

/** What a sensor may be made to say by whoever holds a container. */
const NASTY = [
  'shop/web-1?dryRun=All',
  'shop/web-1/log',
  'shop/../kube-system',
  '../secrets/x',
  'shop/%2e%2e%2f',
  'shop/web 1',
  'shop/web-1;reboot',
  'shop/$(reboot)',
  'shop/`id`',
  'shop/web-1\n',
  'shop/web-1\u0000',
  'shop/WEB',
  'shop/',
  '/web-1',
  'shop',
  '',
  'shop/--all',
  'shop/-n',
  `shop/${'a'.repeat(300)}`,
  'shop/web,app=db',
  'shop/wéb',
  'shop/😀',
];

describe('names of targets', () => {
  it.each(NASTY)('%j is no name, and never enters a URL', (name) => {
    expect(() => nameOf({ type: 'pod', name })).toThrow('cannot be the name of a pod');
  });

  it.each(['a/b', '../x', 'node 1', 'NODE', '', 'node-1/log'])('%j is no node', (name) => {
    expect(() => nameOf({ type: 'node', name })).toThrow('cannot be the name of a node');
  });

  it.each([
    [{ type: 'pod', name: 'shop/web-6d5f7c9b8d-x2lqp' } as const, { namespace: 'shop', name: 'web-6d5f7c9b8d-x2lqp' }],
    [{ type: 'pod', name: 'shop/web.v2' } as const, { namespace: 'shop', name: 'web.v2' }],
    [{ type: 'node', name: 'ip-10-0-0-1.ec2.internal' } as const, { namespace: '', name: 'ip-10-0-0-1.ec2.internal' }],
  ])('%j is one', (target, expected) => {
    expect(nameOf(target)).toEqual(expected);
  });
});

describe('labels and annotations that a policy sets', () => {
  it.each(['a b', 'a,b=c', 'é', '-a', 'a'.repeat(64), 'in (x)', '!a', 'a=b'])('%j is no value of a label', (value) => {
    expect(labelValue.safeParse(value).success).toBe(false);
  });

  it.each(['tocsin.dev/quarantine', 'kubernetes.io/hostname', 'node.kubernetes.io/x', 'k8s.io/x', 'a b', '/a', 'a/', 'Example.com/a'])(
    '%j is no key to set',
    (key) => {
      expect(metadataKey.safeParse(key).success).toBe(false);
    },
  );
});
