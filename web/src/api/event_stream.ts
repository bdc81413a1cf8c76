// Server-sent events over fetch. EventSource cannot send Last-Event-ID on a connection of our own making, hides the
// HTTP status, and never tells a silent connection from a dead one.

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Turns the text of an event stream, in pieces of any size, into events. */
export class EventParser {
  private rest = "";
  private id: string | null = null;
  private event = "";
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) return events;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith("\r\n", end) ? 2 : 1));
      if (line === "") {
        if (this.data.length > 0 || this.event !== "") {
          events.push({
            id: this.id,
            event: this.event === "" ? "message" : this.event,
            data: this.data.join("\n"),
          });
        }
        this.event = "";
        this.data = [];
      } else {
        this.field(line);
      }
    }
  }

  private field(line: string) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id" && !value.includes("\0")) this.id = value;
    else if (name === "event") this.event = value;
    else if (name === "data") this.data.push(value);
  }
}

export class StreamRefused extends Error {
  constructor(readonly status: number) {
    super(`the server answered ${status} to a stream of events`);
  }
}

export interface StreamOptions {
  signal: AbortSignal;
  lastId?: string | null;
  /** The stream is taken for dead when it brings nothing, not even a comment, for so long. */
  silenceMs?: number;
  onOpen?: () => void;
}

/** Calls `handle` for each event until the server closes the stream; throws when it breaks or is refused. */
export async function readEvents(
  url: string,
  options: StreamOptions,
  handle: (event: ServerEvent) => void,
): Promise<void> {
  const own = new AbortController();
  const stop = () => own.abort();
  options.signal.addEventListener("abort", stop);
  const silence = options.silenceMs ?? 45_000;
  let watchdog = setTimeout(stop, silence);
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (options.lastId) headers["Last-Event-ID"] = options.lastId;
    const response = await fetch(url, { headers, signal: own.signal, cache: "no-store" });
    if (!response.ok || !response.body) throw new StreamRefused(response.status);
    options.onOpen?.();
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, silence);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) handle(event);
    }
  } finally {
    clearTimeout(watchdog);
    options.signal.removeEventListener("abort", stop);
    own.abort();
  }
}
