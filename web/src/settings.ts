// What a person chose on this machine: theme and time zone.
import { useSyncExternalStore } from "react";
import type { Zone } from "./time/format";

export type Theme = "system" | "light" | "dark";

interface Settings {
  theme: Theme;
  zone: Zone;
}

const kKey = "ingot.settings";
const listeners = new Set<() => void>();
let settings: Settings = { theme: "system", zone: "UTC", ...stored() };

function stored(): Partial<Settings> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(kKey) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    const { theme, zone } = value as Record<string, unknown>;
    return {
      ...(theme === "light" || theme === "dark" ? { theme } : {}),
      ...(zone === "local" ? { zone } : {}),
    };
  } catch {
    // Storage that is switched off or holds something else: the defaults do.
    return {};
  }
}

export function changeSettings(change: Partial<Settings>) {
  settings = { ...settings, ...change };
  applyTheme();
  try {
    localStorage.setItem(kKey, JSON.stringify(settings));
  } catch {
    // The choice holds until the page is closed.
  }
  for (const listener of [...listeners]) listener();
}

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

export function applyTheme() {
  const dark = settings.theme === "dark" || (settings.theme === "system" && systemDark.matches);
  document.documentElement.setAttribute("data-theme", dark ? "dark" : "light");
}

systemDark.addEventListener("change", applyTheme);

export function useSettings(): Settings {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => settings,
  );
}
