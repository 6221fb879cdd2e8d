import { describeConformance } from '../conformance/conformance.js';
import { embeddedHarness } from '../conformance/embedded-harness.js';

describeConformance('the embedded log', embeddedHarness());
