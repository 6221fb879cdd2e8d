/** One mistake in a configuration or policy file. */
export interface ConfigIssue {
  file: string;
  line?: number;
  column?: number;
  /** Where in the document, for example `spec.condition.gte`; empty for the document itself. */
  path: string;
  /** What was found, what was expected, what to do; never a secret. */
  message: string;
}

export function formatIssue(issue: ConfigIssue): string {
  const place = issue.line === undefined ? issue.file : `${issue.file}:${issue.line}:${issue.column ?? 1}`;
  return issue.path === '' ? `${place}: ${issue.message}` : `${place}: ${issue.path}: ${issue.message}`;
}

/** All mistakes of one reading at once. */
export class ConfigErrors extends Error {
  override readonly name = 'ConfigErrors';
  readonly issues: readonly ConfigIssue[];
  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(formatIssue).join('\n'));
    this.issues = issues;
  }
}
