import { afterEach, beforeEach, describe } from '@jest/globals';
import { migrate, type Store } from '../index.js';
import { casesSuite } from './cases.conformance.js';
import { channelMemorySuite } from './channel-memory.conformance.js';
import { consumersSuite } from './consumers.conformance.js';
import { deadLettersSuite } from './dead-letters.conformance.js';
import { deliveriesSuite } from './deliveries.conformance.js';
import { groupsSuite } from './groups.conformance.js';
import type { StoreHarness } from './harness.js';
import { incidentsSuite } from './incidents.conformance.js';
import { lifecycleSuite } from './lifecycle.conformance.js';
import { loginsSuite } from './logins.conformance.js';
import { migrationsSuite } from './migrations.conformance.js';
import { plansSuite } from './plans.conformance.js';
import { policiesSuite } from './policies.conformance.js';
import { retentionSuite } from './retention.conformance.js';
import { roadSuite } from './road.conformance.js';
import { transactionsSuite } from './transactions.conformance.js';
import { violationsSuite } from './violations.conformance.js';

/** What every database that the store runs on must do. */
export function describeStore(name: string, harness: StoreHarness): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
      await migrate(store);
    });
    afterEach(async () => {
      await store.close();
      await harness.drop?.();
    });
    const current = (): Store => store;

    describe('migrations', () => {
      migrationsSuite(current, harness);
    });
    describe('transactions', () => {
      transactionsSuite(current);
    });
    describe('positions, rule states and outbox', () => {
      consumersSuite(current, harness);
    });
    describe('groups of the notifier', () => {
      groupsSuite(current);
    });
    describe('cases', () => {
      casesSuite(current);
    });
    describe('what channels remember', () => {
      channelMemorySuite(current);
    });
    describe('incidents', () => {
      incidentsSuite(current);
    });
    describe('lifecycle of incidents', () => {
      lifecycleSuite(current);
    });
    describe('policies in force and what rules came to', () => {
      policiesSuite(current);
    });
    describe('plans of queries', () => {
      plansSuite(current);
    });
    describe('retention', () => {
      retentionSuite(current);
    });
    describe('violations', () => {
      violationsSuite(current);
    });
    describe('ledger of deliveries and states of subscriptions', () => {
      deliveriesSuite(current);
    });
    describe('tokens and sessions of the API', () => {
      loginsSuite(current);
    });
    describe('roads of violations', () => {
      roadSuite(current);
    });
    describe('dead letters', () => {
      deadLettersSuite(current);
    });
  });
}
