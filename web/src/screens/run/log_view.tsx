import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import { api } from "../../api/endpoints";
import { readEvents } from "../../api/event_stream";
import { ApiProblem } from "../../api/client";
import { Button } from "../../components/button";
import { VirtualList } from "../../components/virtual_list";
import { LogLines, lineLevel } from "./log_lines";

const kPollMs = 1000;

interface Follower {
  log: LogLines;
  state: "loading" | "following" | "ended" | "broken";
  problem: string;
}

/** The log of an attempt; while it runs, what is added is followed. */
export function LogView(props: { run: string; task: string; attempt: number; running: boolean }) {
  const { run, task, attempt, running } = props;
  const follower = useLog(run, task, attempt, running);
  const [follow, setFollow] = useState(true);
  const [filter, setFilter] = useState("");
  const { log } = follower;
  const shown = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    if (wanted === "") return null;
    const found: number[] = [];
    for (let index = 0; index < log.count; index++) {
      if (log.line(index).toLowerCase().includes(wanted)) found.push(index);
    }
    return found;
  }, [filter, log, log.count, log.dropped]);
  const count = shown ? shown.length : log.count;
  return (
    <div className="log">
      <div className="log-tools row">
        <input
          className="input search"
          type="search"
          placeholder="Lines with…"
          aria-label="Show only lines with this text"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <span className="quiet">
          {count.toLocaleString("en")} {count === 1 ? "line" : "lines"}
          {log.dropped > 0 && `, ${log.dropped.toLocaleString("en")} earlier ones are in the file`}
        </span>
        <span className="top-space" />
        {follower.state === "following" && (
          <Button look="quiet" aria-pressed={follow} onClick={() => setFollow(!follow)}>
            {follow ? "● following" : "○ follow"}
          </Button>
        )}
        <a className="button button-quiet" href={api.logUrl(run, task, attempt)} target="_blank">
          Raw
        </a>
      </div>
      {follower.problem !== "" && <div className="banner banner-error">{follower.problem}</div>}
      {count === 0 ? (
        <div className="log-empty quiet">
          {follower.state === "loading"
            ? "Loading the log…"
            : shown
              ? "No line has this text."
              : running
                ? "Nothing is written yet."
                : "The log is empty."}
        </div>
      ) : (
        <VirtualList
          className="log-lines"
          label={`Log of ${task}, attempt ${attempt}`}
          count={count}
          rowHeight={18}
          follow={follow}
          onFollow={setFollow}
          row={(index) => {
            const number = shown ? shown[index]! : index;
            const line = log.line(number);
            return (
              <div key={number + log.dropped} className={`log-line log-${lineLevel(line)}`}>
                <span className="log-number">{number + log.dropped + 1}</span>
                {line}
              </div>
            );
          }}
        />
      )}
    </div>
  );
}

/** Reads the log to its end, then follows it: by the stream of events, or by asking when there is none. */
function useLog(run: string, task: string, attempt: number, running: boolean): Follower {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const follower = useRef<Follower>({ log: new LogLines(), state: "loading", problem: "" });
  const isRunning = useRef(running);
  isRunning.current = running;
  useEffect(() => {
    const control = new AbortController();
    const mine: Follower = { log: new LogLines(), state: "loading", problem: "" };
    follower.current = mine;
    let frame = 0;
    const changed = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(redraw);
    };
    redraw();
    void followLog({ run, task, attempt }, mine, isRunning, control.signal, changed);
    return () => {
      control.abort();
      cancelAnimationFrame(frame);
    };
  }, [run, task, attempt]);
  return follower.current;
}

async function followLog(
  of: { run: string; task: string; attempt: number },
  follower: Follower,
  running: { current: boolean },
  signal: AbortSignal,
  changed: () => void,
) {
  const decoder = new TextDecoder();
  let offset = 0;
  const readToEnd = async () => {
    for (;;) {
      const { bytes, next } = await api.log(of.run, of.task, of.attempt, offset, signal);
      if (bytes.byteLength === 0 || next <= offset) return;
      follower.log.append(decoder.decode(bytes, { stream: true }));
      offset = next;
      changed();
    }
  };
  let streams = true;
  while (!signal.aborted) {
    try {
      const wasRunning = running.current;
      await readToEnd();
      follower.problem = "";
      follower.state = wasRunning ? "following" : "ended";
      changed();
      if (!wasRunning) return;
      if (streams) {
        await readEvents(
          api.logStreamUrl(of.run, of.task, of.attempt, offset),
          { signal },
          ({ event, data }) => {
            if (event !== "message") return;
            const piece = JSON.parse(data) as { text: string; offset: number };
            follower.log.append(piece.text);
            offset = Math.max(offset, piece.offset);
            changed();
          },
        ).catch((error: unknown) => {
          if (signal.aborted) throw error;
          streams = false;
        });
      }
    } catch (error) {
      if (signal.aborted) return;
      const missing = error instanceof ApiProblem && error.status === 404;
      if (missing && !running.current) {
        follower.state = "ended";
        follower.problem = "The log of this attempt is not kept.";
        changed();
        return;
      }
      follower.state = "broken";
      follower.problem = error instanceof Error ? error.message : String(error);
      changed();
    }
    await new Promise((resolve) => setTimeout(resolve, kPollMs));
  }
}
