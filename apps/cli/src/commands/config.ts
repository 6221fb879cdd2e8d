import { effectiveConfig, type EffectiveKey } from '@tocsin/runtime';
import { Document, isScalar, type YAMLMap } from 'yaml';
import { OUTPUT, OUTPUT_USAGE, UsageError, shown, textOption, type Command } from '../command.js';

export const config: Command = {
  name: 'config',
  summary: 'Prints the configuration that services would go by, and where each value comes from.',
  usage: `print [options]

Reads tocsin.yaml (TOCSIN_CONFIG) and the environment as the services do, and tells every mistake. What is printed may stand in
tocsin.yaml, but for the passwords of addresses, which are left out. Secrets are references, and are not read.

  --changed     only what is not the default
${OUTPUT_USAGE}`,
  words: ['print'],
  options: { changed: { type: 'boolean' }, output: OUTPUT },
  async run(given, terminal) {
    if (given.positionals.join(' ') !== 'print') throw new UsageError('expected "print"');
    const keys = (await effectiveConfig(await sections(), process.env)).filter(({ from }) => given.values['changed'] !== true || from !== 'default');
    // The text is YAML as well, with remarks.
    const yaml = textOption(given, 'output') === 'yaml';
    terminal.out(yaml ? documentOf(keys, false) : shown(given, keys, () => documentOf(keys, true)));
    return 0;
  },
};

async function sections() {
  const [{ apiConfig }, { ingestConfig }, { correlatorConfig }, { notifierConfig }, { responderConfig }] = await Promise.all([
    import('@tocsin/api/config'),
    import('@tocsin/ingest/config'),
    import('@tocsin/correlator/config'),
    import('@tocsin/notifier/config'),
    import('@tocsin/responder/config'),
  ]);
  return { api: apiConfig, ingest: ingestConfig, correlator: correlatorConfig, notifier: notifierConfig, responder: responderConfig };
}

function documentOf(keys: readonly EffectiveKey[], remarks: boolean): string {
  const document = new Document({});
  for (const { path, value } of keys) document.setIn(path.split('.'), document.createNode(value));
  if (remarks) for (const { path, from } of keys) remark(document, path.split('.'), from);
  return document.toString({ lineWidth: 0 });
}

function remark(document: Document, path: readonly string[], from: string): void {
  if (from === 'default') return;
  const node = document.getIn(path, true);
  if (isScalar(node)) node.comment = ` ${from}`;
  else if (node !== undefined && node !== null) (node as YAMLMap).commentBefore = ` ${from}`;
}
