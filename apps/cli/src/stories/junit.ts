import type { Result } from './cases.js';
import { tellFailure } from './tell-failure.js';

/** JUnit XML, as CI systems read it: one suite for each file. */
export function junit(results: readonly Result[]): string {
  const files = [...new Set(results.map(({ case: { file } }) => file))];
  const failures = results.filter(({ differences }) => differences.length > 0).length;
  const suites = files.map((file) =>
    suite(
      file,
      results.filter((result) => result.case.file === file),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${results.length}" failures="${failures}" time="${seconds(results)}">\n${suites.join('')}</testsuites>\n`;
}

function suite(file: string, results: readonly Result[]): string {
  const failures = results.filter(({ differences }) => differences.length > 0).length;
  const cases = results.map((result) => {
    const {
      case: { name, line },
      differences,
      milliseconds,
    } = result;
    const attributes = `name="${escape(name)}" classname="${escape(file)}" file="${escape(file)}" line="${line}" time="${(milliseconds / 1000).toFixed(3)}"`;
    if (differences.length === 0) return `    <testcase ${attributes}/>\n`;
    return `    <testcase ${attributes}>\n      <failure message="not as expected">${escape(tellFailure(result).slice(1).join('\n'))}</failure>\n    </testcase>\n`;
  });
  return `  <testsuite name="${escape(file)}" tests="${results.length}" failures="${failures}" time="${seconds(results)}">\n${cases.join('')}  </testsuite>\n`;
}

function seconds(results: readonly Result[]): string {
  return (results.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000).toFixed(3);
}

/** XML 1.0 has no place at all for most control characters. */
function escape(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff](?![\udc00-\udfff])/g, '\ufffd')
  );
}
