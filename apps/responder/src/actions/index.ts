import { buildRegistry } from '@tocsin/extension';
import type { AnyAction } from '../action.js';
import { annotate } from './annotate/annotate.js';
import { capture } from './capture/capture.js';
import { cordon } from './cordon/cordon.js';
import type { ActionDeps } from './deps.js';
import { detach } from './detach/detach.js';
import { evict } from './evict/evict.js';
import { label } from './label/label.js';
import { quarantine } from './quarantine/quarantine.js';
import { scale } from './scale/scale.js';
import { snapshot } from './snapshot/snapshot.js';

/** All actions: one folder and one line here for each. */
const ACTIONS: readonly AnyAction<ActionDeps>[] = [annotate, capture, cordon, detach, evict, label, quarantine, scale, snapshot];

export const actionRegistry: ReadonlyMap<string, AnyAction<ActionDeps>> = buildRegistry('action', ACTIONS);
