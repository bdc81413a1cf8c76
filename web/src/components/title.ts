import { useEffect } from "react";
import { stateWord } from "./state";

/** What the tab of the browser says. */
export function useTitle(text: string, state?: string) {
  const title = [state && stateWord(state), text, "Ingot"].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
