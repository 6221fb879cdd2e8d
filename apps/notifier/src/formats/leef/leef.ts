import { z } from 'zod';
import { factsOf, type Facts } from '../facts.js';
import type { FormatKind } from '../format.js';
import { PRODUCT } from '../product.js';
import { oneLine, shorten } from '../text.js';

/** `severity_id` on LEEF's scale of 1 to 10. */
const SEVERITY = { 1: 1, 2: 3, 3: 5, 4: 7, 5: 9, 6: 10 } as const;

/** How the header names each delimiter. */
const DELIMITERS = { tab: ['x09', '\t'], caret: ['^', '^'] } as const;

const leefConfig = z.strictObject({
  delimiter: z.enum(['tab', 'caret']).default('tab').describe('What stands between attributes.'),
});

/** IBM QRadar's Log Event Extended Format 2.0. */
export const leef: FormatKind<z.infer<typeof leefConfig>> = {
  type: 'leef',
  summary: "IBM QRadar's Log Event Extended Format 2.0, on one line.",
  config: leefConfig,
  create: ({ delimiter }) => {
    const [name, character] = DELIMITERS[delimiter];
    return {
      write(event) {
        const facts = factsOf(event);
        const header = [PRODUCT.vendor, PRODUCT.name, PRODUCT.version, shorten(facts.class, 255)].map(headerField);
        const fields = attributes(facts)
          .filter(([, value]) => value !== undefined && value !== '')
          .map(([key, value]) => `${key}=${attributeValue(String(value), character)}`);
        const text = `LEEF:2.0|${header.join('|')}|${name}|${fields.join(character)}`;
        return { mediaType: 'text/plain; charset=utf-8', body: Buffer.from(text) };
      },
    };
  },
};

/** IBM's predefined attributes where there is one; others have names of our own. */
function attributes(facts: Facts): [key: string, value: string | number | undefined][] {
  const { sourceEndpoint: source, destinationEndpoint: destination } = facts;
  return [
    ['devTime', devTime(facts.time)],
    ['devTimeFormat', "yyyy-MM-dd'T'HH:mm:ss.SSSZ"],
    ['cat', `${facts.kind}/${facts.category}`],
    ['sev', SEVERITY[facts.severityId]],
    ['src', source?.ip],
    ['srcPort', source?.port],
    ['dst', destination?.ip],
    ['dstPort', destination?.port],
    ['proto', facts.protocol],
    ['usrName', facts.user],
    ['identHostName', facts.node],
    ['resource', facts.workload],
    ['policy', facts.policy],
    ['id', facts.id],
    ['version', facts.version],
    ['name', facts.name],
    ['msg', facts.message],
    ['outcome', facts.outcome],
    ['count', facts.count],
    ['firstSeen', facts.firstSeen],
    ['lastSeen', facts.lastSeen],
    ['sensor', facts.source],
    ['cluster', facts.cluster],
    ['namespace', facts.namespace],
    ['pod', facts.pod],
    ['containerId', facts.containerId],
    ['containerName', facts.containerName],
    ['image', facts.image],
    ['userId', facts.userId],
    ['process', facts.process],
    ['processId', facts.processId],
    ['commandLine', facts.commandLine],
    ['parentProcess', facts.parentProcess],
    ['filePath', facts.file],
    ['srcHostName', source?.hostname],
    ['dstHostName', destination?.hostname],
    ['attack', facts.attacks],
    ['entities', facts.entities],
    ['target', facts.target],
    ['answers', facts.answers],
    ['actor', facts.actor],
    ['comment', facts.comment],
  ];
}

/** As `devTimeFormat` says: Java's `Z` is an offset without a colon. */
function devTime(time: string): string {
  return new Date(time).toISOString().replace('Z', '+0000');
}

/** LEEF escapes nothing, so what would end a field becomes something else that people read alike. */
function headerField(text: string): string {
  return oneLine(text).replaceAll('|', '¦');
}

/** A value may hold `=`: readers split at the first one. */
function attributeValue(text: string, delimiter: string): string {
  return oneLine(text).replaceAll(delimiter, ' ');
}
