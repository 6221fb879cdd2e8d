import type { OpenLog } from './harness.js';
import { type ConformanceSettings, openConformanceLog } from './kafka-harness.js';

/** How a child process of the conformance suite opens the log. */
export const openLog: OpenLog = async (settings) => await openConformanceLog(JSON.parse(settings) as ConformanceSettings);
