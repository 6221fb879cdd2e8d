export { fakeServiceNow, type FakeServiceNow, type FakeServiceNowOptions, type ServiceNowFault, type ServiceNowRequest } from './instance.js';
export type { JournalEntry, ServiceNowRecord } from './tables.js';
