import { afterEach, expect, test, vi } from "vitest";
import { EventParser, readEvents, StreamRefused } from "./event_stream";

afterEach(() => vi.unstubAllGlobals());

test("events are read whatever the pieces they arrive in", () => {
  const text = 'id: 7\nevent: run\ndata: {"run_id":"r1"}\n\n: beat\n\ndata: a\r\ndata: b\r\n\r\n';
  const whole = new EventParser().push(text);
  const parser = new EventParser();
  const byLetter = [...text].flatMap((letter) => parser.push(letter));
  expect(byLetter).toEqual(whole);
  expect(whole).toEqual([
    { id: "7", event: "run", data: '{"run_id":"r1"}' },
    { id: "7", event: "message", data: "a\nb" },
  ]);
});

test("an event without data is an event when it has a name", () => {
  expect(new EventParser().push("event: reset\n\n")).toEqual([
    { id: null, event: "reset", data: "" },
  ]);
  expect(new EventParser().push("id: 3\n\n")).toEqual([]);
});

test("a stream sends the id to resume from, and ends when the server ends it", async () => {
  const fetched = vi.fn(
    async (_url: string, _init: RequestInit) => new Response("id: 8\ndata: x\n\n"),
  );
  vi.stubGlobal("fetch", fetched);
  const seen: string[] = [];
  const control = new AbortController();
  await readEvents("/events", { signal: control.signal, lastId: "7" }, (event) =>
    seen.push(`${event.id} ${event.data}`),
  );
  expect(seen).toEqual(["8 x"]);
  expect(fetched.mock.calls[0]![1].headers).toMatchObject({ "Last-Event-ID": "7" });
});

test("a refused stream says with which status", async () => {
  vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
  const control = new AbortController();
  await expect(readEvents("/events", { signal: control.signal }, () => {})).rejects.toEqual(
    new StreamRefused(404),
  );
});

test("a silent stream is given up", async () => {
  vi.stubGlobal(
    "fetch",
    (_url: string, init: RequestInit) =>
      new Promise((_resolve, reject) =>
        init.signal!.addEventListener("abort", () => reject(new Error("aborted"))),
      ),
  );
  const control = new AbortController();
  const reading = readEvents("/events", { signal: control.signal, silenceMs: 20 }, () => {});
  await expect(reading).rejects.toThrow("aborted");
});
