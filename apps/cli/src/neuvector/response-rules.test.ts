import { describe, expect, it } from '@jest/globals';
import { useWorkspace } from '../testing.js';

const rule = (parts: string): string => `apiVersion: neuvector.com/v1
kind: NvResponseRuleSecurityRule
metadata: { name: isolate }
spec:
  rule: { policy_name: default, ${parts} }
`;

describe('tocsin convert neuvector', () => {
  const workspaces = useWorkspace();
  const converted = async (text: string) => {
    const workspace = await workspaces.open();
    await workspace.write('nv.yaml', text);
    const ran = await workspace.tocsin('convert', 'neuvector', '@/nv.yaml');
    await workspace.write('p/out.yaml', ran.out);
    // What is made is taken by the product.
    const check = ran.out === '' ? undefined : await workspace.tocsin('check', '--no-pack', '@/p');
    return { ...ran, check };
  };

  it('makes a policy that observes first of a quarantine, and a subscription of a webhook', async () => {
    const text = rule(
      'event: security-event, comment: why, conditions: [{ type: name, value: Container.Privilege.Escalation }, { type: level, value: Critical }], actions: [quarantine, webhook], webhooks: [tocsin]',
    );
    const { code, out, err, check } = await converted(text);
    expect(code).toBe(0);
    expect(out).toContain('kind: ResponsePolicy');
    expect(out).toContain('mode: observe');
    expect(out).toContain(
      'violation.source == "neuvector" && violation.kind in ["process", "file", "network", "threat"] && violation.name == "Container.Privilege.Escalation" && violation.severity_id == 5',
    );
    expect(out).toContain('kind: Subscription');
    expect(err).toContain('its address is not in the rule');
    expect(err).toContain('quarantines at once and for ever in NeuVector');
    expect(check).toMatchObject({ code: 0, out: 'Valid: 1 ResponsePolicy, 1 Subscription.\n' });
  });

  it('keeps rules of a group to the workload that the group stands for', async () => {
    const { out, check } = await converted(`apiVersion: neuvector.com/v1
kind: NvSecurityRule
metadata: { name: nv.orders-api.shop, namespace: shop }
spec:
  target: { policymode: Monitor, selector: { name: nv.orders-api.shop } }
  response:
    - { event: security-event, conditions: [{ type: process, value: nc }], actions: [quarantine] }
    - { event: compliance, conditions: [{ type: level, value: Warning }], actions: [webhook], disable: true }
`);
    expect(out).toContain('violation.workload.namespace == "shop" && violation.workload.name == "orders-api"');
    expect(out).toContain('name: nv-orders-api-shop-1');
    expect(check).toMatchObject({ code: 0 });
  });

  it.each([
    [
      'a count of vulnerabilities',
      rule('event: cve-report, conditions: [{ type: cve-high, value: "10" }], actions: [quarantine]'),
      'has the condition "cve-high: 10", which has no equivalent',
    ],
    ['a log that is suppressed', rule('event: event, conditions: [{ type: name, value: X }], actions: [suppress-log]'), 'a Silence mutes incidents'],
    [
      'events that are not taken in',
      rule('event: serverless, conditions: [{ type: name, value: X }], actions: [webhook]'),
      'which Tocsin takes in no events of',
    ],
    [
      'a group of somebody’s own',
      rule('event: event, actions: [webhook]')
        .replace('NvResponseRuleSecurityRule', 'NvClusterSecurityRule')
        .replace(/rule: (.*)/, 'target: { selector: { name: my.group.x.y_z } }\n  response: [$1]'),
      'only those that NeuVector learned',
    ],
  ])('says what has no equivalent: %s', async (_name, text, message) => {
    const { code, err, out } = await converted(text);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(out).not.toContain('enabled: true');
  });

  it('reads lists, as NeuVector exports them', async () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n  - ${rule('event: admission-control, conditions: [{ type: name, value: Admission.Control.Violation }], actions: [webhook]').trim().replaceAll('\n', '\n    ')}\n`;
    const { out, code } = await converted(list);
    expect(code).toBe(0);
    expect(out).toContain('violation.kind == "admission" && violation.name == "Admission.Control.Violation"');
  });
});
