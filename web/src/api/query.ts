// What the server said, kept by key while somebody looks at it, and asked for again when an event says that it changed.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Page } from "./types";

export interface Snapshot<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
}

interface Entry {
  snapshot: Snapshot<unknown>;
  fetch: (signal: AbortSignal) => Promise<unknown>;
  topics: readonly string[];
  listeners: Set<() => void>;
  inFlight: AbortController | null;
  stale: boolean;
  lastFetch: number;
  tookMs: number;
  timer: ReturnType<typeof setTimeout> | null;
}

const kSpacingMs = 400;
/** What takes long to answer is asked for less often: at most a quarter of the time. */
const kShare = 4;
const kUnusedMax = 200;

/** Answers by key. A changed topic refetches what is on the screen, a few times a second at most, and only marks the rest. */
export class QueryCache {
  private entries = new Map<string, Entry>();

  constructor(private clock: () => number = () => performance.now()) {}

  entry<T>(
    key: string,
    fetch: (signal: AbortSignal) => Promise<T>,
    topics: readonly string[],
  ): Snapshot<T> {
    let entry = this.entries.get(key);
    if (!entry) {
      this.dropUnused();
      entry = {
        snapshot: { data: undefined, error: undefined, loading: true },
        fetch,
        topics,
        listeners: new Set(),
        inFlight: null,
        stale: true,
        lastFetch: -Infinity,
        tookMs: 0,
        timer: null,
      };
      this.entries.set(key, entry);
    }
    entry.fetch = fetch;
    entry.topics = topics;
    return entry.snapshot as Snapshot<T>;
  }

  subscribe(key: string, listener: () => void): () => void {
    const entry = this.entries.get(key);
    if (!entry) return () => {};
    entry.listeners.add(listener);
    if (entry.stale && !entry.inFlight) void this.load(entry);
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size > 0) return;
      // What nobody waits for need not arrive; what is kept may be out of date when somebody comes back.
      entry.inFlight?.abort();
      entry.inFlight = null;
      if (entry.timer) clearTimeout(entry.timer);
      entry.timer = null;
      entry.stale = true;
    };
  }

  /** Something under one of these topics changed; "*" is everything. */
  changed(topics: ReadonlySet<string>) {
    for (const entry of this.entries.values()) {
      if (entry.topics.length === 0) continue;
      if (!topics.has("*") && !entry.topics.some((topic) => topics.has(topic))) continue;
      entry.stale = true;
      if (entry.listeners.size > 0) this.schedule(entry);
    }
  }

  refetch(key: string): Promise<void> {
    const entry = this.entries.get(key);
    return entry ? this.load(entry) : Promise.resolve();
  }

  peek<T>(key: string): T | undefined {
    return this.entries.get(key)?.snapshot.data as T | undefined;
  }

  get size(): number {
    return this.entries.size;
  }

  clear() {
    for (const entry of this.entries.values()) {
      entry.snapshot = { data: undefined, error: undefined, loading: true };
      entry.stale = true;
      if (entry.listeners.size > 0) void this.load(entry);
    }
  }

  private schedule(entry: Entry) {
    // What is under way is waited for: under a storm of events it would otherwise never arrive.
    if (entry.timer || entry.inFlight) return;
    const spacing = Math.max(kSpacingMs, kShare * entry.tookMs);
    const wait = Math.max(0, entry.lastFetch + spacing - this.clock());
    entry.timer = setTimeout(() => {
      entry.timer = null;
      if (entry.listeners.size > 0) void this.load(entry);
    }, wait);
  }

  private async load(entry: Entry): Promise<void> {
    entry.inFlight?.abort();
    const control = new AbortController();
    entry.inFlight = control;
    entry.stale = false;
    entry.lastFetch = this.clock();
    if (!entry.snapshot.loading) this.publish(entry, { ...entry.snapshot, loading: true });
    try {
      const data = await entry.fetch(control.signal);
      if (entry.inFlight !== control) return;
      entry.tookMs = this.clock() - entry.lastFetch;
      entry.inFlight = null;
      this.publish(entry, { data, error: undefined, loading: false });
      if (entry.stale && entry.listeners.size > 0) this.schedule(entry);
    } catch (error) {
      if (entry.inFlight !== control) return;
      entry.inFlight = null;
      const problem = error instanceof Error ? error : new Error(String(error));
      // The last good answer stays on the screen beside the error.
      this.publish(entry, { data: entry.snapshot.data, error: problem, loading: false });
      if (entry.stale && entry.listeners.size > 0) this.schedule(entry);
    }
  }

  private publish(entry: Entry, snapshot: Snapshot<unknown>) {
    entry.snapshot = snapshot;
    for (const listener of [...entry.listeners]) listener();
  }

  private dropUnused() {
    if (this.entries.size < kUnusedMax) return;
    for (const [key, entry] of this.entries) {
      // One that was never fetched was made by the page that is being drawn just now.
      if (entry.listeners.size === 0 && entry.lastFetch > -Infinity) this.entries.delete(key);
    }
  }
}

export const cache = new QueryCache();

export interface QueryResult<T> extends Snapshot<T> {
  refetch: () => Promise<void>;
}

/** The answer under `key`, live: it is asked for again when one of the topics changes. A null key asks for nothing. */
export function useQuery<T>(
  key: string | null,
  fetch: (signal: AbortSignal) => Promise<T>,
  topics: readonly string[] = [],
): QueryResult<T> {
  const used = key ?? "";
  const snapshot = useSyncExternalStore(
    useCallback(
      (listener: () => void) => (used === "" ? () => {} : cache.subscribe(used, listener)),
      [used],
    ),
    () => (used === "" ? (kNothing as Snapshot<T>) : cache.entry(used, fetch, topics)),
  );
  const refetch = useCallback(
    () => (used === "" ? Promise.resolve() : cache.refetch(used)),
    [used],
  );
  return { ...snapshot, refetch };
}

const kNothing: Snapshot<unknown> = { data: undefined, error: undefined, loading: false };

export interface PagedResult<T> {
  items: T[] | undefined;
  error: Error | undefined;
  loading: boolean;
  hasMore: boolean;
  loadMore: () => void;
  refetch: () => Promise<void>;
}

/** A list by pages: as many pages as were asked for, each by the cursor of the one before. */
export function usePages<T>(
  key: string,
  fetchPage: (after: string | null, signal: AbortSignal) => Promise<Page<T>>,
  topics: readonly string[] = [],
): PagedResult<T> {
  const [pages, setPages] = useState({ key, count: 1 });
  const count = pages.key === key ? pages.count : 1;
  const last = useRef<{ key: string; items: T[]; next: string | null } | null>(null);
  const query = useQuery(
    `${key}#${count}`,
    (signal) => fetchPages(fetchPage, count, signal),
    topics,
  );
  useEffect(() => {
    if (query.data) last.current = { key, ...query.data };
  }, [key, query.data]);
  // While one page more is on its way the pages before stay where they are.
  const shown = query.data ?? (last.current?.key === key ? last.current : undefined);
  return {
    items: shown?.items,
    error: query.error,
    loading: query.loading,
    hasMore: shown?.next != null,
    loadMore: () => setPages({ key, count: count + 1 }),
    refetch: query.refetch,
  };
}

async function fetchPages<T>(
  fetchPage: (after: string | null, signal: AbortSignal) => Promise<Page<T>>,
  count: number,
  signal: AbortSignal,
): Promise<{ items: T[]; next: string | null }> {
  const items: T[] = [];
  let next: string | null = null;
  for (let page = 0; page < count; page++) {
    const answer: Page<T> = await fetchPage(next, signal);
    items.push(...answer.items);
    next = answer.next;
    if (next === null) break;
  }
  return { items, next };
}

/** All items of a list, for the lists that are drawn whole (tables, pipelines); ends at `max` items. */
export async function fetchAll<T>(
  fetchPage: (after: string | null, signal: AbortSignal) => Promise<Page<T>>,
  signal: AbortSignal,
  max = 20_000,
): Promise<T[]> {
  const items: T[] = [];
  let next: string | null = null;
  do {
    const answer: Page<T> = await fetchPage(next, signal);
    items.push(...answer.items);
    next = answer.next;
  } while (next !== null && items.length < max);
  return items;
}
