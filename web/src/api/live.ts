// One stream of events for the whole page. It resumes where it broke off; while there is none, what is on the screen is
// asked for every few seconds; a hidden page holds no connection, as a browser allows six to a server.
import { useSyncExternalStore } from "react";
import { readEvents, StreamRefused, type ServerEvent } from "./event_stream";
import { api } from "./endpoints";
import { cache } from "./query";
import type { LiveEvent } from "./types";

export type LiveStatus = "connecting" | "live" | "polling" | "hidden";

const kBackoffMs = [500, 1000, 2000, 5000, 10_000];
const kRefusedMs = 60_000;
const kPollMs = 5000;

/** The topics (see useQuery) that an event touches. */
export function topicsOf(event: LiveEvent): Set<string> {
  const topics = new Set<string>();
  if (event.kind === "reset" || event.kind === "project") topics.add("*");
  if (event.run_id) topics.add(`run:${event.run_id}`);
  if (event.pipeline) topics.add(`pipeline:${event.pipeline}`);
  if (event.table) topics.add(`table:${event.table}`);
  if (event.backfill) topics.add(`backfill:${event.backfill}`);
  if (event.kind === "run") ["runs", "pipelines", "backfills"].forEach((name) => topics.add(name));
  if (event.kind === "pipeline") topics.add("pipelines");
  if (event.kind === "table") topics.add("tables");
  if (event.kind === "backfill") topics.add("backfills");
  if (event.kind === "delivery") topics.add("deliveries");
  return topics;
}

export function readLiveEvent(event: ServerEvent): LiveEvent {
  let fields: unknown;
  try {
    fields = event.data === "" ? {} : JSON.parse(event.data);
  } catch {
    // An event that cannot be read may have meant anything.
    return { kind: "reset" };
  }
  return { ...(typeof fields === "object" && fields !== null ? fields : {}), kind: event.event };
}

class LiveConnection {
  status: LiveStatus = "connecting";
  private listeners = new Set<() => void>();
  private eventListeners = new Set<(event: LiveEvent) => void>();
  private lastId: string | null = null;
  private control: AbortController | null = null;
  private poll: ReturnType<typeof setInterval> | null = null;

  /** Follows the events until the returned function is called. */
  start(): () => void {
    const follow = () => this.follow();
    document.addEventListener("visibilitychange", follow);
    this.follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      this.stop();
    };
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  onEvent(listener: (event: LiveEvent) => void) {
    this.eventListeners.add(listener);
    return () => void this.eventListeners.delete(listener);
  }

  private stop() {
    this.control?.abort();
    this.control = null;
    this.setPolling(false);
  }

  private follow() {
    if (document.hidden) {
      this.stop();
      this.setStatus("hidden");
    } else if (!this.control) {
      this.control = new AbortController();
      void this.run(this.control.signal);
    }
  }

  private async run(signal: AbortSignal) {
    for (let failures = 0; !signal.aborted;) {
      let pause = kBackoffMs[Math.min(failures, kBackoffMs.length - 1)]!;
      try {
        await readEvents(
          api.eventsUrl(),
          { signal, lastId: this.lastId, onOpen: () => ((failures = 0), this.opened()) },
          (event) => this.take(event),
        );
        pause = kBackoffMs[0]!;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StreamRefused && error.status < 500) pause = kRefusedMs;
      }
      if (signal.aborted) return;
      failures++;
      if (failures > 1 || pause === kRefusedMs) this.setPolling(true);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private opened() {
    this.setPolling(false);
    this.setStatus("live");
    // Without an event to resume from, what happened before now is not known.
    if (this.lastId === null) cache.changed(new Set(["*"]));
  }

  private take(raw: ServerEvent) {
    if (raw.id !== null) this.lastId = raw.id;
    const event = readLiveEvent(raw);
    if (event.kind === "reset") this.lastId = raw.id;
    cache.changed(topicsOf(event));
    for (const listener of [...this.eventListeners]) listener(event);
  }

  private setPolling(on: boolean) {
    if (on) this.setStatus("polling");
    if (on && !this.poll) {
      this.poll = setInterval(() => cache.changed(new Set(["*"])), kPollMs);
    } else if (!on && this.poll) {
      clearInterval(this.poll);
      this.poll = null;
    }
  }

  private setStatus(status: LiveStatus) {
    if (this.status === status) return;
    this.status = status;
    for (const listener of [...this.listeners]) listener();
  }
}

export const live = new LiveConnection();

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(live.subscribe, () => live.status);
}
