/** Ends a process of tests when vitest itself was killed: it would go on, with nobody to report to. */
process.once('disconnect', () => process.exit(1));
