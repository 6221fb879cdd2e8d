import type { ASTNode } from '@marcbachmann/cel-js';
import type { EventVariable } from './filter.js';
import type { Patterns } from './patterns.js';
import { LOOP_METHODS } from './signatures.js';
import { EVENT_SIZES, NOTHING, formless, larger, listSize, textSize, weight, type Size } from './sizes.js';

/**
 * The most steps that one condition may take on one event; a step takes some 100 ns. One step is a term that is evaluated,
 * `CHARS_PER_STEP` characters that are read or copied, or one item of a list that is looked at.
 *
 * Why evaluation ends within them: a term is evaluated once, or once for each item of the lists that it loops over. How long these are
 * and how long texts are is known for fields (`sizes.ts`), stands in the condition for literals, and follows from both for all that a
 * condition makes of them: `+` adds lengths, `split` gives at most as many items as characters, `map` as many as it goes over. Patterns
 * are RE2's: at most every instruction of the pattern is tried at every character. So `stepsOf` takes the sum from the inside out, of the
 * largest event that is accepted. The tests count what cel-js really does, and it is never more.
 */
export const STEPS_MAX = 3_000_000;
const CHARS_PER_STEP = 10;
/** What a loop does for each item beside its term: it takes the item, asks what came of it, and keeps that. */
const LOOP_STEPS = 4;

/** An upper bound of what the condition costs on any event. */
export function stepsOf(ast: ASTNode, variable: EventVariable, patterns: Patterns): number {
  return new Costs(patterns).of(ast, new Map([[variable, EVENT_SIZES[variable]]])).steps;
}

interface Cost {
  steps: number;
  size: Size;
}

type Scope = ReadonlyMap<string, Size>;
type Of<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

class Costs {
  readonly #patterns: Patterns;

  constructor(patterns: Patterns) {
    this.#patterns = patterns;
  }

  of(node: ASTNode, scope: Scope): Cost {
    switch (node.op) {
      case 'value':
        return { steps: 1, size: typeof node.args === 'string' ? textSize(node.args.length) : NOTHING };
      case 'id':
        return { steps: 1, size: scope.get(node.args) ?? NOTHING };
      case '.':
      case '.?':
        return this.#access(this.of(node.args[0], scope), node.args[1]);
      case '[]':
      case '[?]': {
        const [container, key] = node.args;
        const cost = this.#access(this.of(container, scope), key.op === 'value' && typeof key.args === 'string' ? key.args : undefined);
        return { ...cost, steps: cost.steps + this.of(key, scope).steps };
      }
      case 'list':
        return this.#literal(node.args, node.args.length, scope);
      case 'map':
        return this.#literal(node.args.flat(), node.args.length, scope);
      case '!_':
      case '-_':
        return { steps: this.of(node.args, scope).steps + 1, size: NOTHING };
      case '?:': {
        const [asked, yes, no] = node.args;
        const [a, b] = [this.of(yes, scope), this.of(no, scope)];
        return { steps: this.of(asked, scope).steps + a.steps + b.steps + 1, size: larger(a.size, b.size) };
      }
      case 'call':
        return this.#call(node, scope);
      case 'rcall':
        return this.#method(node, scope);
      default:
        return this.#operator(node, scope);
    }
  }

  #access({ steps, size }: Cost, name: string | undefined): Cost {
    const field = name === undefined ? undefined : size.fields?.get(name);
    return { steps: steps + 1, size: field ?? size.item ?? NOTHING };
  }

  #literal(items: readonly ASTNode[], length: number, scope: Scope): Cost {
    const costs = items.map((item) => this.of(item, scope));
    return { steps: 1 + length + total(costs), size: listSize(length, costs.map(({ size }) => size).reduce(larger, NOTHING)) };
  }

  #operator({ op, args: [left, right] }: Operator, scope: Scope): Cost {
    const [a, b] = [this.of(left, scope), this.of(right, scope)];
    const steps = 1 + a.steps + b.steps;
    if (op === '&&' || op === '||') return { steps, size: NOTHING };
    if (op === '+') {
      const sum = larger(a.size, b.size);
      const { fields: _, ...size } = { ...sum, chars: a.size.chars + b.size.chars, items: a.size.items + b.size.items };
      return { steps: steps + size.items + read(size.chars), size };
    }
    // Who looks for a text in a list compares it with each item; what is compared differs, or ends, with the smaller one.
    const compared = Math.min(weight(a.size), weight(b.size));
    const looked = op === 'in' ? b.size.items * (1 + read(Math.min(weight(a.size), weight(b.size.item ?? NOTHING)))) : read(compared);
    return { steps: steps + looked, size: NOTHING };
  }

  #call({ args: [name, args] }: Of<'call'>, scope: Scope): Cost {
    const costs = args.map((arg) => this.of(arg, scope));
    const given = costs.map(({ size }) => size).reduce(larger, NOTHING);
    return { steps: 1 + total(costs) + read(given.chars), size: name === 'size' ? NOTHING : { ...given, chars: Math.max(given.chars, 32) } };
  }

  #method(node: Of<'rcall'>, scope: Scope): Cost {
    const [method, receiver, args] = node.args;
    const [name] = args;
    if (LOOP_METHODS.has(method) && name?.op === 'id') return this.#loop(method, name.args, this.of(receiver, scope), args.slice(1), scope);
    if (method === 'bind' && name?.op === 'id') {
      const [, value, within] = args as [ASTNode, ASTNode, ASTNode];
      const bound = this.of(value, scope);
      const inner = this.of(within, new Map([...scope, [name.args, bound.size]]));
      return { steps: 2 + bound.steps + inner.steps, size: inner.size };
    }
    const on = this.of(receiver, scope);
    const costs = args.map((arg) => this.of(arg, scope));
    const steps = 1 + on.steps + total(costs);
    const { chars } = on.size;
    const given = costs[0]?.size ?? NOTHING;
    switch (method) {
      case 'matches': {
        const pattern = name?.op === 'value' ? this.#patterns.get(name.args as string) : undefined;
        return { steps: steps + read(chars * (pattern?.programSize() ?? 1)), size: NOTHING };
      }
      case 'split':
        return { steps: steps + chars + 1, size: listSize(chars + 1, textSize(chars)) };
      case 'join': {
        const joined = on.size.items * ((on.size.item?.chars ?? 0) + given.chars);
        return { steps: steps + on.size.items + read(joined), size: textSize(joined) };
      }
      case 'startsWith':
      case 'endsWith':
        return { steps: steps + read(Math.min(chars, given.chars)), size: NOTHING };
      case 'contains':
        return { steps: steps + read(chars + given.chars), size: NOTHING };
      case 'size':
        return { steps: steps + read(chars), size: NOTHING };
      case 'json':
        return { steps: steps + chars, size: formless(chars) };
      default:
        // Lower case, upper case and hexadecimals may be longer, by three at most for each that was there.
        return { steps: steps + read(3 * chars + given.chars), size: { ...on.size, chars: 3 * chars } };
    }
  }

  #loop(method: string, item: string, over: Cost, terms: readonly ASTNode[], scope: Scope): Cost {
    const held = over.size.item ?? NOTHING;
    const costs = terms.map((term) => this.of(term, new Map([...scope, [item, held]])));
    const steps = 1 + over.steps + over.size.items * (LOOP_STEPS + total(costs));
    const made = method === 'map' ? (costs.at(-1)?.size ?? NOTHING) : held;
    return { steps, size: method === 'map' || method === 'filter' ? listSize(over.size.items, made) : NOTHING };
  }
}

type Operator = Extract<ASTNode, { op: '&&' | '||' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%' }>;

function total(costs: readonly Cost[]): number {
  return costs.reduce((sum, { steps }) => sum + steps, 0);
}

function read(chars: number): number {
  return Math.ceil(chars / CHARS_PER_STEP);
}
