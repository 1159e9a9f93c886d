const undone = new Set<() => void>();

/**
 * Calls `undo` when this process ends in any way but by an uncaught signal: at its end, by an error, or by
 * `process.exit`. `undo` must be synchronous. Returns a function that takes this back.
 */
export function atExit(undo: () => void): () => void {
  if (undone.size === 0) process.once('exit', undoAll);
  undone.add(undo);
  return () => {
    undone.delete(undo);
    if (undone.size === 0) process.off('exit', undoAll);
  };
}

function undoAll(): void {
  // What was made last is undone first: programs end before the folders that they write into are removed.
  for (const undo of [...undone].reverse()) {
    try {
      undo();
    } catch {
      // The process ends all the same; the next program that comes by removes what is left.
    }
  }
}
