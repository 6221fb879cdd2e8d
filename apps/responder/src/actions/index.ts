import { buildRegistry } from '@tocsin/extension';
import type { ActionDefinition } from '../action.js';
import type { ActionDeps } from './deps.js';

/** All actions: one folder and one line here for each. */
const ACTIONS: readonly ActionDefinition<never, ActionDeps>[] = [];

export const actionRegistry: ReadonlyMap<string, ActionDefinition<never, ActionDeps>> = buildRegistry('action', ACTIONS);
