import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import type { z } from 'zod';
import { storyEvent, type StoryEvent } from './schema.js';
import { STORY_START, playOut, type Moment } from './story.js';

const nothing = (): Violation[] => [];
const play = (...events: z.input<typeof storyEvent>[]): Moment[] =>
  playOut(
    events.map((event): StoryEvent => storyEvent.parse(event)),
    nothing,
  );
const seconds = (moments: readonly Moment[]): number[] => moments.map(({ time }) => (time - STORY_START) / 1_000);

describe('a story', () => {
  it('goes by the time of its events, those of one time in the order in which they are written', () => {
    const moments = play({ at: '1m', name: 'b' }, { name: 'c' }, { at: '0s', name: 'a' });
    expect(seconds(moments)).toEqual([0, 60, 60]);
    expect(moments.map(({ violation }) => violation?.name)).toEqual(['a', 'b', 'c']);
    expect(moments.map(({ index }) => index)).toEqual([2, 0, 1]);
  });

  it('repeats events as things of their own, commands and the passing of time too', () => {
    const moments = play({ repeat: 3, every: '10s', name: 'a' }, { at: '5s', command: { type: 'reopen', rule: 'r' } }, { at: '2h' });
    expect(seconds(moments)).toEqual([0, 5, 10, 20, 7_200]);
    expect(new Set(moments.flatMap(({ violation }) => violation?.id ?? [])).size).toBe(3);
    expect(moments.at(-1)).toEqual({ time: STORY_START + 7_200_000, index: 2 });
  });

  it('gives the same ids whenever it is played', () => {
    expect(play({ repeat: 2 })).toEqual(play({ repeat: 2 }));
  });

  it('fills in what is not said, and lays "with" over it', () => {
    const [moment] = play({
      process: 'nc',
      namespace: 'pay',
      severity: 'critical',
      with: { process: { pid: 7 }, workload: { name: null }, tags: ['x'] },
    });
    expect(moment?.violation).toMatchObject({
      source: 'falco',
      severity_id: 5,
      process: { name: 'nc', pid: 7 },
      workload: { namespace: 'pay' },
      tags: ['x'],
      time: new Date(STORY_START).toISOString(),
      received_time: new Date(STORY_START).toISOString(),
    });
    expect(moment?.violation?.workload).not.toHaveProperty('name');
  });

  it('takes a time of its own for an event that comes late', () => {
    const [moment] = play({ at: '1h', with: { time: '2026-01-01T11:00:00Z' } });
    expect(moment?.violation).toMatchObject({ time: '2026-01-01T11:00:00.000Z', received_time: '2026-01-01T13:00:00.000Z' });
  });

  it('has what a sensor sent happen at its own time, as often as it is repeated', () => {
    const sent = play({ name: 'sent', with: { time: '2020-01-01T00:00:00Z' } })[0]?.violation as Violation;
    const events = [storyEvent.parse({ at: '1m', repeat: 2, raw: { source: 'falco', event: { x: 1 } }, with: { cluster: 'c' } })];
    const moments = playOut(events, (raw) => {
      expect(raw).toEqual({ source: 'falco', event: { x: 1 } });
      return [sent, { ...sent, name: 'second' }];
    });
    expect(seconds(moments)).toEqual([60, 60, 60, 60]);
    expect(moments.map(({ violation }) => [violation?.name, violation?.cluster, violation?.time])).toEqual(
      ['sent', 'second', 'sent', 'second'].map((name) => [name, 'c', new Date(STORY_START + 60_000).toISOString()]),
    );
    expect(new Set(moments.map(({ violation }) => violation?.id)).size).toBe(4);
  });
});
