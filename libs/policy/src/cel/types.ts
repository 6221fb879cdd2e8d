import type { ASTNode } from '@marcbachmann/cel-js';
import { describeKnown } from '@tocsin/extension';
import { fieldSteps, sourceOf } from './ast.js';
import { CALLS, LOOP_METHODS, METHODS } from './signatures.js';
import type { EventVariable } from './filter.js';
import { EVENTS, isList, under, valuesOf, type Schema } from './schema.js';

/**
 * Types of the terms of a condition over what events hold. cel-js would take a declaration of the event, but then refuses
 * `severity_id == 4` (a double and an int) and `name == null`, and stops at the first mistake. What is not known for sure is
 * `any`, and never a mistake: the tests hold it against cel-js both ways.
 */
export interface TypeProblem {
  /** `field`: something asks for a field that is not there. */
  about: 'field' | 'type';
  message: string;
  offset: number;
}

/** What an event, by its schema, can never give; and a result that is neither true nor false. */
export function problemsOf(ast: ASTNode, source: string, variable: EventVariable): TypeProblem[] {
  const types = new Types(source, variable);
  const result = types.of(ast, new Map([[variable, EVENTS[variable]]]));
  if (!fits(result, 'boolean')) types.problem('type', `gives ${named(result)}, expected true or false`, ast);
  return types.problems;
}

type Scope = ReadonlyMap<string, Schema>;
type Of<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

class Types {
  readonly problems: TypeProblem[] = [];
  readonly #source: string;
  readonly #variable: EventVariable;

  constructor(source: string, variable: EventVariable) {
    this.#source = source;
    this.#variable = variable;
  }

  problem(about: TypeProblem['about'], message: string, node: ASTNode): void {
    this.problems.push({ about, message, offset: node.range.start });
  }

  of(node: ASTNode, scope: Scope): Schema {
    switch (node.op) {
      case 'value':
        return literalType(node.args);
      case 'id':
        return scope.get(node.args) ?? 'any';
      case '.':
        return this.#field(node, this.of(node.args[0], scope), node.args[1]);
      case '[]':
        return this.#item(node, scope);
      case 'list':
        return [union(node.args.map((item) => this.of(item, scope)))];
      case 'map':
        return { '*': union(node.args.map(([key, value]) => (this.of(key, scope), this.of(value, scope)))) };
      case '&&':
      case '||':
        for (const side of node.args) this.#expect('boolean', side, scope, `as a side of "${node.op}"`);
        return 'boolean';
      case '!_':
        this.#expect('boolean', node.args, scope, 'after "!"');
        return 'boolean';
      case '-_':
        return numeric(this.#expect('number', node.args, scope, 'after "-"'));
      case '?:':
        return this.#choice(node, scope);
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#comparison(node, scope);
      case 'in':
        return this.#membership(node, scope);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        return this.#arithmetic(node, scope);
      case 'call':
        return this.#call(node, scope);
      case 'rcall':
        return this.#method(node, scope);
      default:
        return 'any';
    }
  }

  #text(node: ASTNode): string {
    const text = sourceOf(node, this.#source).replaceAll(/\s+/g, ' ');
    return node.op === 'value' ? text : `"${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`;
  }

  #what(node: ASTNode, type: Schema): string {
    return `${this.#text(node)}, which is ${named(type)}`;
  }

  #expect(wanted: Schema, node: ASTNode, scope: Scope, where: string): Schema {
    const type = this.of(node, scope);
    if (fits(type, wanted)) return type;
    this.problem('type', `has ${this.#what(node, type)}, ${where}; expected ${wanted === 'boolean' ? 'true or false' : named(wanted)}`, node);
    return 'any';
  }

  #field(node: ASTNode, of: Schema, name: string): Schema {
    if (of === 'any') return 'any';
    const found = under(of, name);
    if (found !== undefined) return found;
    const container = node.op === '.' || node.op === '[]' ? node.args[0] : node;
    if (typeof of === 'string' || isList(of)) this.problem('field', `asks for "${name}" of ${this.#what(container, of)} and has no fields`, node);
    // Below the variable itself, it is told with the whole path.
    else if (fieldSteps(node, this.#variable) === undefined)
      this.problem('field', `asks for "${name}" of ${this.#text(container)}, which has no such field; ${describeKnown(name, Object.keys(of))}`, node);
    return 'any';
  }

  #item(node: Of<'[]'>, scope: Scope): Schema {
    const [container, key] = node.args;
    const of = this.of(container, scope);
    if (of === 'any') return this.of(key, scope) && 'any';
    if (isList(of)) {
      this.#expect('int', key, scope, 'as the place in a list');
      return of[0];
    }
    if (typeof of === 'string') {
      this.problem('type', `takes an item of ${this.#what(container, of)}; expected a list or a map`, container);
      return 'any';
    }
    const keyType = this.#expect('text', key, scope, 'as the key of a map');
    if (key.op === 'value' && typeof key.args === 'string') return this.#field(node, of, key.args);
    return keyType === 'text' ? (valuesOf(of) ?? 'any') : 'any';
  }

  #choice(node: Of<'?:'>, scope: Scope): Schema {
    const [asked, yes, no] = node.args;
    this.#expect('boolean', asked, scope, 'before "?"');
    return union([this.of(yes, scope), this.of(no, scope)]);
  }

  #comparison(node: Of<'==' | '!=' | '<' | '<=' | '>' | '>='>, scope: Scope): Schema {
    const [left, right] = node.args;
    const [a, b] = [this.of(left, scope), this.of(right, scope)];
    if (this.#toldByField(left, right) || this.#toldByField(right, left)) return 'boolean';
    const both = `compares ${this.#what(left, a)}, with ${this.#what(right, b)}`;
    const at = right.op === 'value' ? right : left;
    if (node.op === '==' || node.op === '!=') {
      if (!comparable(a, b)) this.problem('type', `${both}; they are never equal`, at);
    } else if (!comparable(a, b) || ![a, b].every((type) => type === 'any' || fits(type, 'number') || fits(type, 'text') || type === 'boolean')) {
      this.problem('type', `${both}, by "${node.op}"; expected two numbers, or two texts`, at);
    }
    return 'boolean';
  }

  #membership({ args: [item, list] }: Of<'in'>, scope: Scope): Schema {
    const [wanted, of] = [this.of(item, scope), this.of(list, scope)];
    if (of === 'any') return 'boolean';
    if (isList(of)) {
      if (list.op === 'list') this.#items(item, wanted, list.args, scope);
      else if (!comparable(wanted, of[0])) this.problem('type', `looks for ${this.#what(item, wanted)}, in ${this.#what(list, of)}`, item);
    } else if (typeof of === 'string') {
      const advice = of === 'text' ? `; for a part of a text write ${sourceOf(list, this.#source)}.contains(…)` : '';
      this.problem('type', `looks in ${this.#what(list, of)}; expected a list or a map${advice}`, list);
    } else {
      this.#expect('text', item, scope, 'as the key of a map');
    }
    return 'boolean';
  }

  #items(item: ASTNode, wanted: Schema, listed: readonly ASTNode[], scope: Scope): void {
    for (const one of listed) {
      const type = this.of(one, scope);
      if (comparable(wanted, type) || this.#toldByField(item, one)) continue;
      this.problem('type', `looks for ${this.#what(item, wanted)}, in a list with ${this.#what(one, type)}; they are never equal`, one);
    }
  }

  #arithmetic(node: Of<'+' | '-' | '*' | '/' | '%'>, scope: Scope): Schema {
    const [left, right] = node.args;
    const [a, b] = [this.of(left, scope), this.of(right, scope)];
    if (a === 'any' || b === 'any') return 'any';
    if (fits(a, 'number') && fits(b, 'number')) return a === 'int' && b === 'int' ? 'int' : 'number';
    if (node.op === '+' && a === 'text' && b === 'text') return 'text';
    if (node.op === '+' && isList(a) && isList(b)) return [union([a[0], b[0]])];
    const expected = node.op === '+' ? 'two numbers, two texts or two lists' : 'two numbers';
    this.problem('type', `has ${this.#what(left, a)}, and ${this.#what(right, b)}, at the sides of "${node.op}"; expected ${expected}`, node);
    return 'any';
  }

  #call({ args: [name, args] }: Of<'call'>, scope: Scope): Schema {
    if (name === 'has') return 'boolean';
    const types = args.map((arg) => this.of(arg, scope));
    const [argument] = args;
    const [type] = types;
    if (name === 'size' && argument !== undefined && type !== undefined && !sized(type) && !this.#isField(argument)) {
      this.problem('type', `asks for the size of ${this.#what(argument, type)}; it is for texts, lists and maps`, argument);
    }
    return CALLS[name] ?? 'any';
  }

  #method(node: Of<'rcall'>, scope: Scope): Schema {
    const [method, receiver, args] = node.args;
    if (LOOP_METHODS.has(method) && args[0]?.op === 'id') return this.#loop(node, args[0].args, scope);
    const [bound, value, within] = args;
    if (method === 'bind' && bound?.op === 'id' && value !== undefined && within !== undefined) {
      return this.of(within, new Map([...scope, [bound.args, this.of(value, scope)]]));
    }
    const on = this.of(receiver, scope);
    if (method === 'size') {
      if (!sized(on)) this.problem('type', `asks for the size of ${this.#what(receiver, on)}; it is for texts, lists and maps`, receiver);
      return 'int';
    }
    const signature = METHODS[method];
    if (signature === undefined) return args.map((arg) => this.of(arg, scope)) && 'any';
    // Of a field it is told with what to write instead.
    if (!fits(on, signature.on) && !(signature.on === 'text' && this.#isField(receiver))) {
      this.problem('type', `calls ${method}() on ${this.#what(receiver, on)}; expected ${named(signature.on)}`, receiver);
    }
    for (const [index, arg] of args.entries()) this.#expect(signature.takes[index] ?? 'any', arg, scope, `given to ${method}()`);
    return signature.gives;
  }

  #loop({ args: [method, receiver, args] }: Of<'rcall'>, item: string, scope: Scope): Schema {
    const over = this.of(receiver, scope);
    const goes = over === 'any' || typeof over !== 'string';
    if (!goes) this.problem('type', `loops over ${this.#what(receiver, over)}; expected a list or a map`, receiver);
    // A loop over a map is one over its keys.
    const keys = goes && over !== 'any' ? 'text' : 'any';
    const held = isList(over) ? over[0] : keys;
    const [asked, made] = [args[1], args[2]];
    // A list that is written out may hold texts and numbers: what is asked of its items is asked of each.
    const given = this.#each(receiver, held, scope, (type) => {
      const inner = new Map([...scope, [item, type]]);
      if (method === 'map' && made === undefined) return asked === undefined ? 'any' : this.of(asked, inner);
      if (asked !== undefined) this.#expect('boolean', asked, inner, `asked by ${method}()`);
      return made === undefined ? 'any' : this.of(made, inner);
    });
    if (method === 'map') return [given];
    return method === 'filter' ? [held] : 'boolean';
  }

  /** What comes of the items of a list, by their types; it ends with the first of them that has a problem. */
  #each(list: ASTNode, held: Schema, scope: Scope, ask: (type: Schema) => Schema): Schema {
    if (list.op !== 'list' || held !== 'any' || list.args.length === 0) return ask(held);
    const told = this.problems.length;
    const types = new Set(list.args.map((one) => this.of(one, scope)));
    // They were told of where the list was looked at.
    this.problems.length = told;
    const gives: Schema[] = [];
    for (const type of types) {
      gives.push(ask(type));
      if (this.problems.length > told) break;
    }
    return union(gives);
  }

  #isField(node: ASTNode): boolean {
    const steps = fieldSteps(node, this.#variable);
    if (steps === undefined) return false;
    let at: Schema | undefined = EVENTS[this.#variable];
    for (const step of steps) at = at === undefined ? undefined : under(at, step);
    return at !== undefined && at !== 'any';
  }

  /** A field beside a literal is told by its name, with what to write instead, where documents are read. */
  #toldByField(field: ASTNode, literal: ASTNode): boolean {
    return literal.op === 'value' && this.#isField(field);
  }
}

function literalType(value: unknown): Schema {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'bigint') return 'int';
  return typeof value === 'number' || typeof value === 'boolean' ? (typeof value as 'number' | 'boolean') : 'any';
}

function fits(type: Schema, wanted: Schema): boolean {
  if (type === 'any' || wanted === 'any' || type === wanted) return true;
  if (isList(type) && isList(wanted)) return fits(type[0], wanted[0]);
  return type === 'int' && wanted === 'number';
}

function numeric(type: Schema): Schema {
  return type === 'int' || type === 'number' ? type : 'any';
}

/** Whether two may be equal. Whatever is absent may be null to whoever wrote the condition. */
function comparable(a: Schema, b: Schema): boolean {
  if (a === 'null' || b === 'null' || fits(a, b) || fits(b, a)) return true;
  if (isList(a) || isList(b)) return isList(a) && isList(b);
  return typeof a === 'object' && typeof b === 'object';
}

/** What is one of these. */
function union(types: readonly Schema[]): Schema {
  const [first, ...others] = types;
  if (first === undefined) return 'any';
  if (others.every((type) => type === first)) return first;
  return types.every((type) => type === 'int' || type === 'number') ? 'number' : 'any';
}

function sized(type: Schema): boolean {
  return type === 'any' || type === 'text' || typeof type === 'object';
}

const NAMES = { text: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', null: 'null', any: 'something' } as const;

function named(type: Schema): string {
  if (typeof type === 'string') return NAMES[type];
  const items = isList(type) ? type[0] : valuesOf(type);
  const of = items === undefined || typeof items !== 'string' || !(items in PLURALS) ? '' : ` of ${PLURALS[items as keyof typeof PLURALS]}`;
  return `${isList(type) ? 'a list' : 'a map'}${of}`;
}

const PLURALS = { text: 'texts', number: 'numbers', int: 'numbers' } as const;
