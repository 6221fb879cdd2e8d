// What a TypeScript file imports, found without a compiler: TypeScript 7 has no API to ask.

export interface Import {
  line: number;
  specifier: string;
  /** `import type …` and `export type … from`: nothing of it is left at run time. */
  typeOnly: boolean;
}

const STATEMENT = /(?:^|[;}\n])\s*(?:import|export)\s+(type\s+(?!from\b))?(?:[^'"`;()=]*?\bfrom\s*)?["']/g;
const CALL = /\bimport\s*\(\s*["']/g;

/** Module specifiers of import and export-from statements and of `import()`, in the order of the file. */
export function importsOf(source: string): Import[] {
  const code = blankOut(source);
  const found: (Import & { at: number })[] = [];
  for (const pattern of [STATEMENT, CALL]) {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const end = code.indexOf(code[start - 1] as string, start);
      if (end === -1) continue;
      found.push({ at: start, line: code.slice(0, start).split('\n').length, specifier: source.slice(start, end), typeOnly: match[1] !== undefined });
    }
  }
  return found.toSorted((a, b) => a.at - b.at).map(({ line, specifier, typeOnly }) => ({ line, specifier, typeOnly }));
}

/** Comments, and what stands in strings and templates, become blanks, so that only code is searched; offsets stay. */
function blankOut(source: string): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`/g;
  return source.replace(token, (text) => {
    const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
    if (text.startsWith('/')) return blank(text);
    return (text[0] as string) + blank(text.slice(1, -1)) + (text.at(-1) as string);
  });
}
