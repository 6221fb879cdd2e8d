import { describe, expect, it } from '@jest/globals';
import { insertArtefact } from '@tocsin/store';
import { buildArtefact } from '@tocsin/testing';
import { jiraScene, never } from './testing.js';

describe.each(['cloud', 'datacenter'] as const)('evidence in tickets of Jira, %s', (flavor) => {
  const scene = jiraScene(flavor);
  const { opened, create, tell } = scene;
  const collected = (name: string): Promise<boolean> =>
    insertArtefact(scene.store.db, buildArtefact({ name, incident: opened.id, collected_at: new Date(scene.now).toISOString() }));
  const comments = (): string[] => (scene.fake.issues[0]?.comments ?? []).map(({ text }) => text.replaceAll('\\', ''));

  it('is a comment with names and hashes, once for each artefact', async () => {
    const channel = create();
    await collected('before.pcap');
    // There is no ticket yet.
    await channel.poll?.run(never);
    await tell(channel, opened);
    await channel.poll?.run(never);
    await channel.poll?.run(never);
    expect(comments()).toEqual([expect.stringMatching(/^Evidence:\n.*before\.pcap, 24576 bytes, SHA-256 (?:ab){32}, collected 2026-09-14T/)]);
    await collected('later.pcap');
    await collected('other.pcap');
    await channel.poll?.run(never);
    expect(comments()).toHaveLength(2);
    expect(comments()[1]).toContain('later.pcap');
    expect(comments()[1]).not.toContain('before.pcap');
    // What is told of the incident afterwards forgets none of it.
    await tell(channel, scene.at(2, { severity_id: 6 }));
    await channel.poll?.run(never);
    expect(comments().filter((text) => text.startsWith('Evidence'))).toHaveLength(2);
    await channel.close();
  });

  it('is told once though the answer is lost, and by another replica', async () => {
    const channel = create();
    await tell(channel, opened);
    await collected('a.pcap');
    scene.fake.misbehave((request) => (request === 'POST /issue/10001/comment' ? 'lost reply' : undefined));
    expect(await channel.poll?.run(never)).toEqual([]);
    scene.fake.misbehave(() => undefined);
    const other = create({}, { process: 'another' });
    await Promise.all([other.poll?.run(never), channel.poll?.run(never)]);
    await other.poll?.run(never);
    expect(comments()).toHaveLength(1);
    await Promise.all([channel.close(), other.close()]);
  });

  it('is attached where that is wanted and it is small enough, once, also when the answer is lost', async () => {
    const bytes = Buffer.from([0, 1, 2, 255]);
    const asked: string[] = [];
    const evidence = async (id: string): Promise<Buffer> => (asked.push(id), bytes);
    const channel = create({ attachMaxBytes: 24_576 }, { evidence });
    await tell(channel, opened);
    await collected('../a "b".pcap');
    await insertArtefact(
      scene.store.db,
      buildArtefact({ name: 'large', incident: opened.id, bytes: 24_577, collected_at: new Date(scene.now).toISOString() }),
    );
    scene.fake.misbehave((request) => (request.startsWith('POST /issue/10001/attachments') ? 'lost reply' : undefined));
    await channel.poll?.run(never);
    scene.fake.misbehave(() => undefined);
    await channel.poll?.run(never);
    await channel.poll?.run(never);
    expect(scene.fake.issues[0]?.attachments).toEqual([{ filename: 'abababababab-.._a_b_.pcap', content: bytes }]);
    expect(comments()).toHaveLength(1);
    expect(new Set(asked).size).toBe(1);
    await channel.close();
  });

  it('is told without its bytes where Jira takes no such attachment', async () => {
    await scene.fake.close();
    scene.fake = await scene.open({ maxAttachmentBytes: 3 });
    const channel = create({ attachMaxBytes: 24_576 }, { evidence: async () => Buffer.from('abcd') });
    await tell(channel, opened);
    await collected('a.pcap');
    await channel.poll?.run(never);
    const requests = scene.fake.requests.length;
    await channel.poll?.run(never);
    expect(scene.fake.requests).toHaveLength(requests);
    expect([comments().length, scene.fake.issues[0]?.attachments]).toEqual([1, []]);
    await channel.close();
  });

  it('is not told where that is not wanted', async () => {
    const channel = create({ evidence: false });
    expect(channel.poll).toBeUndefined();
    await channel.close();
  });
});
