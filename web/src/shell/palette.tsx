import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useMay } from "../api/session";
import { Dialog } from "../components/dialog";
import { useAllPipelines, useAllTables } from "../api/lists";
import { navigate, pageOf } from "../router";
import { searchItems } from "./search";

interface Target {
  kind: string;
  title: string;
  to: string;
}

const kShownMax = 14;

/** Jumps to any page, pipeline, table or run by a few letters of its name. */
export function Palette(props: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const targets = useTargets();
  const found = useMemo(() => {
    const byName = searchItems(text, targets, (target) => target.title, kShownMax);
    const run = text.trim();
    return /^[\w-]{4,}$/.test(run) && !targets.some((target) => target.title === run)
      ? [...byName, { kind: "run", title: `Run ${run}`, to: pageOf.run(run) }]
      : byName;
  }, [text, targets]);
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const go = (target: Target | undefined) => {
    if (!target) return;
    props.onClose();
    navigate(target.to);
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setChosen((at) => (at + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(found[chosen]);
    }
  };
  return (
    <Dialog title="Jump to" onClose={props.onClose}>
      <input
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        aria-label="A few letters of a name"
        placeholder="A pipeline, a table, a page, the id of a run"
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <ul id="palette-list" role="listbox" aria-label="Found" ref={list} className="palette-list">
        {found.map((target, index) => (
          <li
            key={target.to}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            className="palette-item"
            onClick={() => go(target)}
            onMouseMove={() => setChosen(index)}
          >
            <span>{target.title}</span>
            <span className="quiet">{target.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="quiet">Nothing is called so.</p>}
    </Dialog>
  );
}

function useTargets(): Target[] {
  const pipelines = useAllPipelines().data;
  const tables = useAllTables().data;
  const admin = useMay("admin");
  return useMemo(
    () => [
      { kind: "page", title: "Map", to: pageOf.home() },
      { kind: "page", title: "Pipelines", to: pageOf.pipelines() },
      { kind: "page", title: "Runs", to: pageOf.runs() },
      { kind: "page", title: "Failed runs", to: pageOf.runs({ state: "failed" }) },
      { kind: "page", title: "Running runs", to: pageOf.runs({ state: "running" }) },
      { kind: "page", title: "Tables", to: pageOf.tables() },
      { kind: "page", title: "Backfills", to: pageOf.backfills() },
      { kind: "page", title: "Alerts", to: pageOf.alerts() },
      ...(admin
        ? [
            { kind: "page", title: "Users", to: pageOf.users() },
            { kind: "page", title: "Tokens", to: pageOf.tokens() },
            { kind: "page", title: "Audit log", to: pageOf.audit() },
          ]
        : []),
      ...(pipelines ?? []).map(({ name }) => ({
        kind: "pipeline",
        title: name,
        to: pageOf.pipeline(name),
      })),
      ...(tables ?? []).map(({ table }) => ({
        kind: "table",
        title: table,
        to: pageOf.table(table),
      })),
    ],
    [pipelines, tables, admin],
  );
}
