import { expect, it } from '@jest/globals';
import { insertArtefact, migrate, openStore } from '@tocsin/store';
import { buildArtefact, buildIncident, fakeServiceNow } from '@tocsin/testing';
import { deliveryOf } from '../contract.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

it('evidence is a work note of its ticket, and attached where that is wanted, once, though answers are lost', async () => {
  process.env['TEST_SERVICENOW_EVIDENCE'] = 'p';
  const never = new AbortController().signal;
  const instance = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'p' } } });
  const store = await openStore({ file: ':memory:' });
  await migrate(store);
  const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_EVIDENCE' } } };
  const config = servicenow.config.parse({ instance: instance.url, auth, closeCode: 'Solved', attachMaxBytes: 24_576 });
  const channel = servicenow.create(config, channelDeps({ store, publicUrl: 'https://tocsin.example', evidence: async () => Buffer.from([0, 255]) }));
  const incident = buildIncident({ status: 'open' });
  await channel.send([deliveryOf('incident', incident)], never);
  await insertArtefact(store.db, buildArtefact({ name: 'a.pcap', incident: incident.id, collected_at: new Date().toISOString() }));
  instance.misbehave(({ method }) => (method === 'PATCH' ? 'lost reply' : undefined));
  await channel.poll?.run(never);
  instance.misbehave(({ path }) => (path.endsWith('/attachment/file') ? 'lost reply' : undefined));
  await channel.poll?.run(never);
  instance.misbehave(() => undefined);
  await channel.poll?.run(never);
  await channel.poll?.run(never);
  const notes = instance.journal.map(({ value }) => value).filter((text) => text.startsWith('Evidence:'));
  expect(notes).toEqual([
    expect.stringMatching(/a\.pcap, 24576 bytes, SHA-256 (?:ab){32}.*\nhttps:\/\/tocsin\.example\/incidents\/.*\nevidence-[0-9a-f]{12}$/s),
  ]);
  const [ticket] = instance.tables.get('incident') ?? [];
  const about = { table_name: 'incident', table_sys_id: ticket?.['sys_id'] };
  const file = { file_name: 'abababababab-a.pcap', content_type: 'application/vnd.tcpdump.pcap', content: Buffer.from([0, 255]) };
  expect(instance.attachments).toEqual([{ ...about, ...file }]);
  await channel.close();
  await instance.close();
  await store.close();
});
