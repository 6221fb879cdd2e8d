import type { Digest, Incident } from '@tocsin/domain';
import { severityName } from '@tocsin/domain';
import { z } from 'zod';
import { engineFor, syntaxProblem } from '../formats/template/engine.js';
import { oneLine } from '../formats/text.js';

/** What a field's template may name. */
export interface FieldVariables {
  incident?: Incident;
  digest?: Digest;
  severity: string;
  /** Where people see more of it; empty where `publicUrl` is not configured. */
  link: string;
}

const engine = engineFor(written);

function written(value: unknown): string {
  return oneLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}

/** More columns or fields of a ticket. Texts in them, at any depth, are templates. */
export const fieldsConfig = <T extends z.ZodType>(value: T) =>
  z.record(z.string(), value).superRefine((fields, context) => {
    for (const [name, field] of Object.entries(fields)) {
      for (const text of textsIn(field)) {
        const problem = syntaxProblem(text);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
      }
    }
  });

export function fieldVariables(subject: Incident | Digest, link: string | undefined): FieldVariables {
  const about = 'version' in subject ? { incident: subject } : { digest: subject };
  return { ...about, severity: severityName(subject.severity_id), link: link ?? '' };
}

/** The fields with their templates filled in. Throws when one asks for what there is not, or takes too long. */
export function fillFields<T>(fields: T, variables: FieldVariables): T {
  return filled(fields, variables) as T;
}

function filled(value: unknown, variables: FieldVariables): unknown {
  if (typeof value === 'string') return isTemplate(value) ? String(engine.parseAndRenderSync(value, variables)) : value;
  if (Array.isArray(value)) return value.map((one) => filled(one, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one, variables)]));
}

function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return isTemplate(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
