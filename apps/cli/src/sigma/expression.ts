/** A condition before it is written as CEL. */
export type Expression =
  | { op: 'and' | 'or'; of: Expression[] }
  | { op: 'not'; of: Expression }
  /** CEL that fails where the event lacks one of the paths; see `guard`. */
  | { op: 'test'; cel: string; paths: readonly Path[] }
  /** The event has the field. */
  | { op: 'present'; path: Path }
  /** It has no equivalent. It is left out of what it stands in, and the rule is not put in force. */
  | { op: 'lost' };

/** Below `violation`; a label's name is one step: `['labels', 'proc.cwd']`. */
export type Path = readonly string[];

export const LOST: Expression = { op: 'lost' };

export function all(of: Expression[]): Expression {
  return joined('and', of);
}

export function any(of: Expression[]): Expression {
  return joined('or', of);
}

export function not(of: Expression): Expression {
  return of.op === 'lost' ? LOST : { op: 'not', of };
}

function joined(op: 'and' | 'or', of: Expression[]): Expression {
  const flat = of.filter((one) => one.op !== 'lost').flatMap((one) => (one.op === op ? one.of : [one]));
  const [only, ...more] = flat;
  if (only === undefined) return LOST;
  return more.length === 0 ? only : { op, of: flat };
}

/** A path as CEL writes it. */
export function fieldText(path: Path): string {
  const [first, label] = path;
  return first === 'labels' && label !== undefined ? `violation.labels[${JSON.stringify(label)}]` : ['violation', ...path].join('.');
}

/** Every violation has these, see libs/domain. */
const ALWAYS = new Set(['source', 'kind', 'name', 'message', 'severity_id', 'time', 'cluster', 'workload', 'disposition', 'raw', 'tags', 'count']);

/** CEL's `has` fails where what is before the last step is absent, so that each step is asked for. */
function guards(path: Path): string[] {
  const [first = '', ...rest] = path;
  const own = ALWAYS.has(first) ? [] : [`has(violation.${first})`];
  if (first === 'labels') return [...own, ...rest.map((label) => `${JSON.stringify(label)} in violation.labels`)];
  return [...own, ...rest.map((_, index) => `has(violation.${path.slice(0, index + 2).join('.')})`)];
}

const WIDTH = 110;

/**
 * Writes an expression as CEL over `violation`. To Sigma a field that is absent does not match; to CEL it is an error,
 * which keeps `!` from passing. So what stands below a `not` asks for its fields first.
 */
export function toCel(expression: Expression): string {
  return write(expression, { negated: false, outer: undefined, indent: '' });
}

interface Context {
  negated: boolean;
  outer: 'and' | 'or' | undefined;
  indent: string;
}

function write(expression: Expression, context: Context): string {
  const { negated, indent } = context;
  switch (expression.op) {
    case 'lost':
      return 'false';
    case 'not':
      return `!(${write(expression.of, { negated: true, outer: undefined, indent: `${indent}  ` })})`;
    case 'or': {
      const asked = negated ? sharedGuards(expression.of) : [];
      if (asked.length === 0)
        return parts(
          expression.of.map((one) => write(one, innerContext('or', context))),
          'or',
          context,
        );
      // All look at the same field, which is asked for once.
      const choice = write({ op: 'or', of: expression.of.map(withoutPaths) }, innerContext('and', context));
      return parts([...asked, choice], 'and', context);
    }
    case 'and':
    case 'test':
    case 'present':
      return parts([...new Set(conjuncts(expression, innerContext('and', context)))], 'and', context);
  }
}

/** What must hold, one by one: guards that several terms need are among it once. */
function conjuncts(expression: Expression, context: Context): string[] {
  switch (expression.op) {
    case 'and':
      return expression.of.flatMap((one) => conjuncts(one, context));
    case 'test':
      return [...(context.negated ? expression.paths.flatMap(guards) : []), expression.cel];
    case 'present': {
      const asked = guards(expression.path);
      return asked.length === 0 ? ['true'] : asked;
    }
    default:
      return [write(expression, context)];
  }
}

function sharedGuards(of: readonly Expression[]): string[] {
  const [first, ...others] = of.map((one) => (one.op === 'test' ? one.paths.flatMap(guards) : []));
  return first !== undefined && others.every((other) => other.join() === first.join()) ? first : [];
}

function withoutPaths(expression: Expression): Expression {
  return expression.op === 'test' ? { ...expression, paths: [] } : expression;
}

function innerContext(op: 'and' | 'or', context: Context): Context {
  return { negated: context.negated, outer: op, indent: needsBrackets(op, context) ? `${context.indent}  ` : context.indent };
}

function needsBrackets(op: 'and' | 'or', { outer }: Context): boolean {
  return outer !== undefined && outer !== op;
}

/** On one line where there is room, else one part on each line. */
function parts(texts: readonly string[], op: 'and' | 'or', context: Context): string {
  const sign = op === 'and' ? '&&' : '||';
  const brackets = needsBrackets(op, context) && texts.length > 1;
  const line = texts.join(` ${sign} `);
  const fits = context.indent.length + line.length <= WIDTH && !line.includes('\n');
  const indent = brackets ? `${context.indent}  ` : context.indent;
  const text = fits ? line : texts.join(`\n${indent}${sign} `);
  return brackets ? `(${text})` : text;
}
