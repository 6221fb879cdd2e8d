import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COPIES, filesOf } from './chart.ts';

describe('the chart', () => {
  it.each(COPIES)('carries what stands in $from; `node scripts/chart.ts` copies it anew', ({ from, files, to }) => {
    const content = (directory: string) => filesOf(directory, files).map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
    expect(content(to)).toEqual(content(from));
  });
});
