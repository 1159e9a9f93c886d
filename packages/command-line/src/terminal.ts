/** What a program shows while it works. */
export { createCountdown, createProgressDisplay, formatDuration } from './progress-display.ts';
export { provisionWithProgress } from './provision-with-progress.ts';
export { readableLog } from './readable-log.ts';
