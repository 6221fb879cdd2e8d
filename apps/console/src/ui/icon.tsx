/** Line icons of our own on a grid of 20; nothing is fetched. */
const PATHS = {
  incidents: 'M10 3.2 17.4 16H2.6L10 3.2ZM10 8.2v3.6M10 13.9v.1',
  approvals: 'M4.5 10.4 8.3 14l7.2-8',
  actions: 'M10 2.8 16 5v4.6c0 3.7-2.5 6.2-6 7.6-3.5-1.4-6-3.9-6-7.6V5l6-2.2Z',
  subscriptions: 'M3 9.2 17 3.4l-4.6 13.4-2.8-5.2L3 9.2Zm6.6 2.4L17 3.4',
  letters: 'M3.2 5h13.6v10H3.2V5Zm0 .6 6.8 5.2 6.8-5.2',
  policies: 'M5 2.8h7L15.4 6v11.2H5V2.8Zm6.6 0v3.6h3.8M7.6 10h5M7.6 13h5',
  silences: 'M5.4 13.4V9a4.6 4.6 0 0 1 8-3.1M14.6 9v4.4l1.4 1.4H6M8.4 16.8h3.2M3.4 3.4l13.2 13.2',
  bell: 'M10 3a4.6 4.6 0 0 1 4.6 4.6v4L16 14.2H4l1.4-2.6v-4A4.6 4.6 0 0 1 10 3ZM8.4 16.6h3.2',
  sun: 'M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4ZM10 2.4v1.8M10 15.8v1.8M2.4 10h1.8M15.8 10h1.8M4.6 4.6l1.3 1.3M14.1 14.1l1.3 1.3M4.6 15.4l1.3-1.3M14.1 5.9l1.3-1.3',
  moon: 'M16.4 11.6A6.8 6.8 0 0 1 8.4 3.6a6.8 6.8 0 1 0 8 8Z',
  system: 'M3 4h14v9H3V4ZM7.4 16.4h5.2M10 13v3.4',
  warn: 'M10 3.2 17.4 16H2.6L10 3.2ZM10 8.2v3.6M10 13.9v.1',
  search: 'M8.8 3.6a5.2 5.2 0 1 0 0 10.4 5.2 5.2 0 0 0 0-10.4ZM12.6 12.6l4 4',
  close: 'm5.4 5.4 9.2 9.2M14.6 5.4l-9.2 9.2',
  back: 'M11.8 4.6 6.4 10l5.4 5.4',
  next: 'M8.2 4.6 13.6 10l-5.4 5.4',
  stop: 'M6.9 3h6.2L17 6.9v6.2L13.1 17H6.9L3 13.1V6.9L6.9 3Z',
  play: 'M6.4 4.2v11.6L15.6 10 6.4 4.2Z',
  out: 'M8 3.6H4v12.8h4M12.4 6.4 16 10l-3.6 3.6M16 10H7.6',
  download: 'M10 3.2v9M6.4 8.8 10 12.4l3.6-3.6M3.6 16.4h12.8',
  violation: 'M10 4.6a5.4 5.4 0 1 0 0 10.8 5.4 5.4 0 0 0 0-10.8Z',
  person: 'M10 3.4a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM4.2 16.4c.5-3 2.9-4.8 5.8-4.8s5.3 1.8 5.8 4.8',
  send: 'M3 9.2 17 3.4l-4.6 13.4-2.8-5.2L3 9.2Z',
  ticket: 'M3 6h14v2.6a1.4 1.4 0 0 0 0 2.8V14H3v-2.6a1.4 1.4 0 0 0 0-2.8V6ZM12 6v8',
  clock: 'M10 3.4a6.6 6.6 0 1 0 0 13.2 6.6 6.6 0 0 0 0-13.2ZM10 6.4V10l2.6 1.6',
  check: 'M4.5 10.4 8.3 14l7.2-8',
  more: 'M4.4 10h.1M10 10h.1M15.6 10h.1',
  key: 'M6.8 9.4a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8ZM9.2 10.4l6.6-6.6M13 6.6l2.2 2.2',
  plus: 'M10 4.4v11.2M4.4 10h11.2',
  redo: 'M15.6 7.4A6.4 6.4 0 1 0 16.4 11M16 3.6v4h-4',
} as const;

export type IconName = keyof typeof PATHS;

/** Says nothing to those who listen: the words stand beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
