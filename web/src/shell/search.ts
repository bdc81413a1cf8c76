/** How well `text` answers `wanted`: 0 not at all. Whole words and starts count more than letters in order. */
export function matchScore(wanted: string, text: string): number {
  const query = wanted.trim().toLowerCase();
  const target = text.toLowerCase();
  if (query === "") return 1;
  if (target === query) return 1000;
  if (target.startsWith(query)) return 500 - target.length / 100;
  const at = target.indexOf(query);
  if (at >= 0) {
    const wordStart = /[^a-z0-9]/.test(target[at - 1] ?? "");
    return (wordStart ? 300 : 200) - target.length / 100;
  }
  const words = query.split(/\s+/);
  if (words.length > 1 && words.every((word) => target.includes(word))) return 150;
  let from = 0;
  let gaps = 0;
  for (const letter of query) {
    const next = target.indexOf(letter, from);
    if (next < 0) return 0;
    gaps += next - from;
    from = next + 1;
  }
  return Math.max(1, 100 - gaps * 3);
}

/** The best `max` of the items, best first. */
export function searchItems<T>(
  wanted: string,
  items: readonly T[],
  textOf: (item: T) => string,
  max: number,
): T[] {
  return items
    .map((item) => ({ item, score: matchScore(wanted, textOf(item)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, max)
    .map(({ item }) => item);
}
