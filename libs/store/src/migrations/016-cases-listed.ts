import type { Migration } from './migration.js';

export const casesListed: Migration = {
  name: '016_cases_listed',
  // All cases are shown in pages, those that need somebody's hand by their state.
  statements: () => ['create index cases_created on cases (created_at, subject)', 'create index cases_state on cases (state, created_at, subject)'],
};
