import { useEffect, useRef } from "react";
import { navigate, pageOf } from "../router";

const kGoTo: Record<string, string> = {
  m: pageOf.home(),
  p: pageOf.pipelines(),
  r: pageOf.runs(),
  t: pageOf.tables(),
  b: pageOf.backfills(),
  a: pageOf.alerts(),
};
const kChordMs = 1000;

export const kShortcuts: readonly [string, string][] = [
  ["Ctrl K or /", "search, or jump to anything"],
  ["j, k", "next and previous row or tile"],
  ["Enter", "open it"],
  ["g then m, p, r, t, b, a", "go to the map, pipelines, runs, tables, backfills, alerts"],
  ["Esc", "close a dialog, leave a field"],
  ["← →", "between tabs; along a strip of windows"],
  ["?", "this list"],
];

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Moves the focus by `step` among the rows of the page (elements with data-nav-row). */
export function stepRows(step: 1 | -1, root: ParentNode = document) {
  const rows = [...root.querySelectorAll<HTMLElement>("[data-nav-row]")];
  if (rows.length === 0) return;
  const active = document.activeElement;
  const at = rows.findIndex((row) => row === active || row.closest("tr")?.contains(active));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  const row = rows[Math.min(rows.length - 1, Math.max(0, next))]!;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

/** The keys that work everywhere. */
export function useKeys(handlers: { onPalette: () => void; onShortcuts: () => void }) {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let chordAt = -Infinity;
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.onPalette();
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]")) return;
      if (typing(event.target)) {
        if (event.key === "Escape") (event.target as HTMLElement).blur();
        return;
      }
      const chord = performance.now() - chordAt < kChordMs;
      chordAt = -Infinity;
      const page = chord ? kGoTo[event.key] : undefined;
      if (page !== undefined) navigate(page);
      else if (event.key === "g") chordAt = performance.now();
      else if (event.key === "j") stepRows(1);
      else if (event.key === "k") stepRows(-1);
      else if (event.key === "/") latest.current.onPalette();
      else if (event.key === "?") latest.current.onShortcuts();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
