import { apiPart } from '@tocsin/api';
import { correlatorPart } from '@tocsin/correlator';
import { ingestPart } from '@tocsin/ingest';
import { notifierPart } from '@tocsin/notifier';
import { responderPart } from '@tocsin/responder';
import { main } from '@tocsin/runtime/nest';
import { playDemo } from './demo/play.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const EXAMPLE = JSON.stringify({
  rule: 'Terminal shell in container',
  priority: 'Notice',
  output: 'A shell was spawned in a container',
  time: new Date().toISOString(),
  output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-1', 'proc.name': 'bash' },
});

await main(
  { name: 'standalone', version: '0.1.0', parts: [ingestPart, correlatorPart, responderPart, notifierPart, apiPart], standalone: true },
  async ({ url, runtime }) => {
    print(`\nTocsin listens on ${url}, and keeps its data in ${runtime.config.dataDir}. Try:\n`);
    print(`  curl -s ${url}/v1/sources/falco -H 'content-type: application/json' -d '${EXAMPLE}'`);
    print(`  curl -s ${url}/v1/incidents\n`);
    if (process.argv.includes('--demo')) await playDemo(url, runtime.config.cluster, runtime.clock.now(), print);
  },
);
