import { openEmbeddedLog } from '../embedded/embedded.js';
import type { OpenLog } from './harness.js';

/** How a child process opens the embedded log; the settings are the file's path. */
export const openLog: OpenLog = async (file) => await openEmbeddedLog({ file, maxRecordBytes: 64 * 1024 });
