/**
 * Which of the known words a mistyped one was meant to be.
 *
 * @module
 */

/**
 * Finds the candidate that takes the fewest single-letter changes to reach from `word`.
 *
 * @returns The first of the nearest, or undefined if more than a third of the word would change.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    // The lengths bound the distance from below, which also keeps an argument of megabytes cheap.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Ends a message with the word that was probably meant, or leaves it as it is. */
export function suggestion(word: string, candidates: Iterable<string>, dashes = ""): string {
  const found = closest(word, candidates);
  return found === undefined ? "" : `; did you mean "${dashes}${found}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let distance = Math.min(
        above[column]! + 1,
        current[column - 1]! + 1,
        above[column - 1]! + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] &&
        a[row - 2] === b[column - 1];
      if (swapped) distance = Math.min(distance, before[column - 2]! + 1);
      current.push(distance);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}
