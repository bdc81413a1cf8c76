import { useSyncExternalStore } from "react";
import { Button } from "./button";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
}

const kShownMs = 5000;
const kShownMax = 4;
let toasts: Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]) {
  toasts = next;
  for (const listener of [...listeners]) listener();
}

/** Says that something was done. An error stays until it is closed. */
export function toast(text: string, bad = false) {
  const id = ++lastId;
  change([...toasts.slice(-(kShownMax - 1)), { id, text, bad }]);
  if (!bad) setTimeout(() => change(toasts.filter((each) => each.id !== id)), kShownMs);
}

/** Carries out what a button does, and says what came of it. True when it went well. */
export async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), true);
    return false;
  }
  if (done) toast(done);
  return true;
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((each) => (
        <div key={each.id} className={`toast${each.bad ? " toast-error" : ""}`}>
          <span>{each.text}</span>
          <Button
            look="quiet"
            icon
            aria-label="Dismiss"
            onClick={() => change(toasts.filter((other) => other.id !== each.id))}
          >
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}
