import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { factsOf, type Facts } from '../facts.js';
import type { FormatKind } from '../format.js';
import { PRODUCT } from '../product.js';
import { oneLine, shorten } from '../text.js';

/** `severity_id` on CEF's scale: 0 to 3 Low, 4 to 6 Medium, 7 and 8 High, 9 and 10 Very-High. */
const SEVERITY = { 1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 10 } as const;

/** ArcSight Common Event Format, version 0. */
export const cef: FormatKind<Record<string, never>> = {
  type: 'cef',
  summary: "ArcSight's Common Event Format, version 0, on one line.",
  config: z.strictObject({}),
  create: () => ({
    write(event) {
      const facts = factsOf(event);
      const header = [PRODUCT.vendor, PRODUCT.name, PRODUCT.version, shorten(facts.class, 1023), shorten(facts.name, 512)].map(headerField);
      const fields = extension(facts).map(([key, value]) => `${key}=${extensionValue(value)}`);
      const text = `CEF:0|${header.join('|')}|${SEVERITY[facts.severityId]}|${fields.join(' ')}`;
      return { mediaType: 'text/plain; charset=utf-8', body: Buffer.from(text) };
    },
  }),
};

type Field = readonly [key: string, value: string];

/**
 * Keys of the CEF dictionary where it has one, with the lengths that it allows; what it lacks has keys that begin with
 * `tocsin`, as it wants keys of a vendor to begin with the vendor's name.
 */
function extension(facts: Facts): Field[] {
  const { sourceEndpoint: source, destinationEndpoint: destination } = facts;
  return [
    ...field('rt', facts.time, 64, epochMs),
    ...field('externalId', facts.id, 40),
    ...field('msg', facts.message, 1023),
    ...field('cat', `${facts.kind}/${facts.category}`, 1023),
    ...field('outcome', facts.outcome, 63),
    ...field('cnt', facts.count),
    ...field('start', facts.firstSeen, 64, epochMs),
    ...field('end', facts.lastSeen, 64, epochMs),
    ...field('dvchost', facts.node, 100),
    ...field('suser', facts.user, 1023),
    ...field('suid', facts.userId, 1023),
    ...field('sproc', facts.process, 1023),
    ...field('spid', facts.processId),
    ...field('filePath', facts.file, 1023),
    ...endpoint('s', 'c6a2', source?.ip),
    ...field('spt', source?.port),
    ...field('shost', source?.hostname, 1023),
    ...endpoint('d', 'c6a3', destination?.ip),
    ...field('dpt', destination?.port),
    ...field('dhost', destination?.hostname, 1023),
    ...field('proto', facts.protocol, 31),
    ...labelled('cs1', 'cluster', facts.cluster),
    ...labelled('cs2', 'namespace', facts.namespace),
    ...labelled('cs3', 'workload', facts.workload),
    ...labelled('cs4', 'pod', facts.pod),
    ...labelled('cs5', 'image', facts.image),
    ...labelled('cs6', 'attack', facts.attacks),
    ...field('tocsinVersion', facts.version),
    ...field('tocsinSource', facts.source),
    ...field('tocsinContainerId', facts.containerId),
    ...field('tocsinContainerName', facts.containerName),
    ...field('tocsinCommandLine', facts.commandLine, 4000),
    ...field('tocsinParentProcess', facts.parentProcess, 1023),
    ...field('tocsinEntities', facts.entities, 4000),
    ...field('tocsinPolicy', facts.policy),
    ...field('tocsinTarget', facts.target, 1023),
    ...field('tocsinAnswers', facts.answers),
    ...field('tocsinActor', facts.actor, 1023),
    ...field('tocsinComment', facts.comment, 4000),
  ];
}

function field(key: string, value: string | number | undefined, max = 1023, convert?: (text: string) => string): Field[] {
  if (value === undefined || value === '') return [];
  const text = String(value);
  return [[key, shorten(convert === undefined ? text : convert(text), max)]];
}

function labelled(key: string, label: string, value: string | undefined): Field[] {
  return value === undefined || value === '' ? [] : [...field(`${key}Label`, label), ...field(key, value, 4000)];
}

/** `src` and `dst` hold IPv4 only; IPv6 has keys of its own. What is neither is left out. */
function endpoint(side: 's' | 'd', v6: 'c6a2' | 'c6a3', ip: string | undefined): Field[] {
  if (ip === undefined) return [];
  if (isIPv4(ip)) return field(side === 's' ? 'src' : 'dst', ip);
  if (!isIPv6(ip)) return [];
  return [...field(`${v6}Label`, side === 's' ? 'Source IPv6 Address' : 'Destination IPv6 Address'), ...field(v6, ip)];
}

function epochMs(time: string): string {
  return String(Date.parse(time));
}

/** In the header, `|` and `\` are escaped, and there are no line ends. */
function headerField(text: string): string {
  return oneLine(text).replaceAll(/[\\|]/g, '\\$&');
}

/** In the extension, `=` and `\` are escaped; line ends are written as `\n` and `\r`. Other controls become spaces. */
function extensionValue(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\r').map(escapeValue).join('\\r'))
    .join('\\n');
}

function escapeValue(text: string): string {
  return oneLine(text).replaceAll(/[\\=]/g, '\\$&');
}
