// Preloaded into a service: its wall clock is wrong by as many milliseconds as the file CLOCK_FILE says. Timers and
// performance.now() go on, as they do when somebody sets the clock of a machine.
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 50;
const file = process.env['CLOCK_FILE'];
const RealDate = Date;
let offset = 0;

class WrongDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + offset);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
}

if (file !== undefined) {
  globalThis.Date = WrongDate as DateConstructor;
  setInterval(() => {
    try {
      offset = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // Nobody has set it yet.
    }
  }, LOOK_EVERY_MS).unref();
}
