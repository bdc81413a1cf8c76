import { useState } from "react";
import type { RunDetail, RunTask } from "../../api/types";
import { DataTable } from "../../components/data_table";
import { Empty } from "../../components/notice";
import { StateChip, stateWord } from "../../components/state";
import { Age, Took } from "../../components/time";
import { itemText, unfolded } from "./copies";

const kShownMax = 300;
const kFilterFrom = 15;

/** The tasks of a run as a list, with why they wait or what came of them. */
export function TaskTable(props: {
  run: RunDetail;
  open: ReadonlySet<string>;
  onSelect: (task: string) => void;
}) {
  const { tasks } = props.run;
  const [text, setText] = useState("");
  const [state, setState] = useState("");
  const wanted = text.trim().toLowerCase();
  // Whoever looks for something looks at copies too.
  const looks = wanted !== "" || state !== "";
  const found = (looks ? tasks : unfolded(tasks, props.open)).filter(
    (task) =>
      (state === "" || task.state === state) &&
      `${task.task} ${task.work} ${task.note} ${task.copy_of ? itemText(task.item) : ""}`
        .toLowerCase()
        .includes(wanted),
  );
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
  return (
    <>
      {tasks.length >= kFilterFrom && (
        <div className="row panel-body">
          <input
            className="input search"
            type="search"
            placeholder="Filter by name, work, note"
            aria-label="Filter tasks"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <select
            className="input search"
            aria-label="State of tasks"
            value={state}
            onChange={(event) => setState(event.target.value)}
          >
            <option value="">any state</option>
            {[...counts].map(([each, count]) => (
              <option key={each} value={each}>
                {stateWord(each)}: {count}
              </option>
            ))}
          </select>
        </div>
      )}
      {found.length === 0 ? (
        <Empty title="No task is so" />
      ) : (
        <Rows tasks={found.slice(0, kShownMax)} onSelect={props.onSelect} />
      )}
      {found.length > kShownMax && (
        <div className="table-more quiet">
          {kShownMax} of {found.length} are shown; filter to see others.
        </div>
      )}
    </>
  );
}

function Rows(props: { tasks: RunTask[]; onSelect: (task: string) => void }) {
  return (
    <DataTable
      label="Tasks of the run"
      items={props.tasks}
      keyOf={(task) => task.task}
      columns={[
        {
          title: "Task",
          cell: (task) => (
            <button
              type="button"
              className="link"
              data-nav-row
              onClick={() => props.onSelect(task.task)}
            >
              {task.task}
            </button>
          ),
        },
        ...(props.tasks.some((task) => task.copy_of)
          ? [
              {
                title: "Item",
                cell: (task: RunTask) => (
                  <span className="mono clip">{task.copy_of ? itemText(task.item) : "–"}</span>
                ),
              },
            ]
          : []),
        { title: "State", cell: (task) => <StateChip state={task.state} /> },
        { title: "Why, or what came of it", cell: (task) => <span>{task.note || "–"}</span> },
        { title: "Since", cell: (task) => <Age at={task.since} /> },
        {
          title: "Took",
          number: true,
          cell: (task) => (
            <Took
              from={task.attempts[0]?.started ?? null}
              to={task.attempts.at(-1)?.ended ?? null}
            />
          ),
        },
        { title: "Attempts", number: true, wideOnly: true, cell: (task) => task.attempts.length },
      ]}
    />
  );
}
