/** Functions that show the progress and the log of a program while the program works. */
export { createCountdown, createProgressDisplay, createProgressLines, formatDuration } from './progress-display.ts';
export { provisionWithProgress } from './provision-with-progress.ts';
export { readableLog } from './readable-log.ts';
