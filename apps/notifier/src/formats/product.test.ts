import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { PRODUCT } from './product.js';

it('says the version of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(PRODUCT.version).toBe(version);
});
