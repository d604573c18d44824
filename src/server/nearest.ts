/**
 * The word that was probably meant: the nearest of `candidates` by edit distance (insert, delete, replace, swap),
 * blind to case, `-` and `_`; undefined where none is near enough to be worth a question.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = plainly(word)
  let best: string | undefined
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1
  for (const candidate of candidates) {
    const away = distance(plain, plainly(candidate), least)
    if (away < least) {
      least = away
      best = candidate
    }
  }
  return best
}

/** ` (did you mean "…"?)`, or nothing: to be put behind a sentence about an unknown word. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates)
  return meant === undefined ? '' : `; did you mean "${meant}"?`
}

const longest = 64

function plainly(word: string): string {
  return word
    .slice(0, longest)
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '')
}

/** Optimal string alignment; anything from `enough` upwards may be reported as `enough`. */
function distance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, older[j - 2]! + 1)
      row.push(least)
    }
    older = previous
    previous = row
  }
  return previous[b.length]!
}
