// Addresses of pages. Everything a page shows can be shared by its address: filters and tabs are in the query.
import {
  useCallback,
  useSyncExternalStore,
  type AnchorHTMLAttributes,
  type MouseEvent,
  type ReactNode,
} from "react";

export type Params = Record<string, string>;

/** The parameters of a path under a pattern such as "/runs/:id", or null. */
export function matchPath(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (const [index, name] of wanted.entries()) {
    const text = given[index]!;
    if (!name.startsWith(":")) {
      if (name !== text) return null;
      continue;
    }
    try {
      params[name.slice(1)] = decodeURIComponent(text);
    } catch {
      return null;
    }
  }
  return params;
}

/** "/runs" + {state: "failed", q: ""} -> "/runs?state=failed" */
export function href(path: string, query: Record<string, string | null | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

export function navigate(to: string, options: { replace?: boolean } = {}) {
  const before = window.location.pathname;
  if (options.replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  for (const listener of [...listeners]) listener();
  if (window.location.pathname !== before && !options.replace) {
    document.getElementById("main")?.scrollTo(0, 0);
    window.scrollTo(0, 0);
  }
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

export function useSearch(): URLSearchParams {
  const text = useSyncExternalStore(subscribe, () => window.location.search);
  return new URLSearchParams(text);
}

/** One value of the address's query. Setting it replaces the address, "" removes it. */
export function useSearchValue(name: string, fallback = ""): [string, (value: string) => void] {
  const value = useSearch().get(name) ?? fallback;
  const set = useCallback(
    (next: string) => setSearchValues({ [name]: next === fallback ? "" : next }),
    [name, fallback],
  );
  return [value, set];
}

export function setSearchValues(values: Record<string, string | null>) {
  const search = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) search.set(name, value);
    else search.delete(name);
  }
  const text = search.toString();
  navigate(window.location.pathname + (text === "" ? "" : `?${text}`), { replace: true });
}

export function Link(
  props: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string; children?: ReactNode },
) {
  const { onClick, ...rest } = props;
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (event.defaultPrevented || !plain || props.target === "_blank") return;
    event.preventDefault();
    navigate(props.href);
  };
  return <a {...rest} onClick={follow} />;
}

export const pageOf = {
  home: () => "/",
  pipelines: () => "/pipelines",
  pipeline: (name: string, query: Record<string, string | null> = {}) =>
    href(`/pipelines/${encodeURIComponent(name)}`, query),
  runs: (query: Record<string, string | null> = {}) => href("/runs", query),
  run: (id: string, query: Record<string, string | null> = {}) =>
    href(`/runs/${encodeURIComponent(id)}`, query),
  tables: () => "/tables",
  table: (table: string, query: Record<string, string | null> = {}) =>
    href(`/tables/${encodeURIComponent(table)}`, query),
  backfills: () => "/backfills",
  backfill: (id: string) => `/backfills/${encodeURIComponent(id)}`,
  alerts: () => "/alerts",
  users: () => "/admin/users",
  tokens: () => "/admin/tokens",
  audit: () => "/admin/audit",
  login: (next: string) => href("/login", { next: next === "/" ? "" : next }),
};
