import { stringify } from 'yaml';

export function writeDocument(document: object): string {
  return stringify(document, { lineWidth: 0 });
}
