import type { Certificates } from '../receivers/certificates.js';

export const SOURCES = ['udp', 'octets', 'lines', 'legacy'] as const;
export type Source = (typeof SOURCES)[number];

interface ConfigurationOptions {
  output: string;
  ports: Record<Source, number>;
  tls: Certificates | undefined;
}

const MAX_MESSAGE_BYTES = 262_144;

export function configuration({ output, ports, tls }: ConfigurationOptions): string {
  const secure =
    tls === undefined
      ? 'transport("tcp")'
      : `transport("tls") tls(key-file("${tls.keyFile}") cert-file("${tls.certFile}") ca-file("${tls.caFile}") peer-verify(required-trusted))`;
  const drivers: Record<Source, string> = {
    udp: `network(transport("udp") ${listen(ports.udp)} flags(syslog-protocol, store-raw-message))`,
    octets: `syslog(${secure} ${listen(ports.octets)} flags(store-raw-message))`,
    lines: `network(${secure} ${listen(ports.lines)} flags(syslog-protocol, store-raw-message))`,
    legacy: `network(transport("tcp") ${listen(ports.legacy)} flags(store-raw-message))`,
  };
  const sources = SOURCES.map((name) => `source s_${name} { ${drivers[name]}; };`).join('\n');
  const logs = SOURCES.map(
    (name) => `log { source(s_${name}); rewrite { set("${name}" value("tocsin.source")); }; parser(p_leef); destination(d_file); };`,
  ).join('\n');
  return `@version: 3.35
options { keep-hostname(yes); chain-hostnames(no); use-dns(no); dns-cache(no); stats-freq(0); log-msg-size(${MAX_MESSAGE_BYTES}); };
${sources}
parser p_leef {
  csv-parser(columns("leef.@version", "leef.@vendor", "leef.@product", "leef.@productVersion", "leef.@eventId", "leef.@delimiter", "tocsin.attributes")
    delimiters(chars("|")) flags(greedy) quote-pairs(''));
  kv-parser(prefix("leef.") pair-separator("\\t") template("\${tocsin.attributes}"));
};
destination d_file {
  file("${output}" template("$(format-json --scope none rawmsg=\\"\${RAWMSG}\\" source=\\"\${tocsin.source}\\" facility=\\"\${FACILITY}\\" priority=\\"\${PRIORITY}\\" isodate=\\"\${ISODATE}\\" host=\\"\${HOST}\\" program=\\"\${PROGRAM}\\" pid=\\"\${PID}\\" msgid=\\"\${MSGID}\\" sdata=\\"\${SDATA}\\" message=\\"\${MESSAGE}\\" --key leef.*)\\n"));
};
${logs}
`;
}

function listen(port: number): string {
  return `ip("127.0.0.1") port(${port})`;
}
