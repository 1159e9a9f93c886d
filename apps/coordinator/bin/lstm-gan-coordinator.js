#!/usr/bin/env node
import { startBuilt } from '@lstm-gan/command-line/start-built';

await startBuilt('lstm-gan-coordinator', new URL('../dist/main.js', import.meta.url));
