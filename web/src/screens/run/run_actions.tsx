import { useState } from "react";
import { api } from "../../api/endpoints";
import { cache } from "../../api/query";
import { useMay } from "../../api/session";
import type { RunDetail } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Field, TextField } from "../../components/field";
import { attempt } from "../../components/toast";
import { ClearDialog } from "./clear_dialog";

export function RunActions(props: { run: RunDetail }) {
  const { run } = props;
  const [open, setOpen] = useState<"cancel" | "clear" | "note" | null>(null);
  const refused = useMay("operator") ? null : "This needs the role operator";
  const close = () => setOpen(null);
  return (
    <div className="row">
      <Button refused={refused} onClick={() => setOpen("note")}>
        {run.note ? "Edit note…" : "Note…"}
      </Button>
      <Button refused={refused} onClick={() => setOpen("clear")}>
        Run again…
      </Button>
      {run.ended_at === null && (
        <Button look="danger" refused={refused} onClick={() => setOpen("cancel")}>
          Cancel…
        </Button>
      )}
      {open === "note" && <NoteDialog run={run} onClose={close} />}
      {open === "clear" && <ClearDialog run={run} onClose={close} />}
      {open === "cancel" && <CancelDialog run={run} onClose={close} />}
    </div>
  );
}

function CancelDialog(props: { run: RunDetail; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const running = props.run.tasks.filter((task) => task.state === "running");
  const cancel = async () => {
    const done = await attempt(
      () => api.cancelRun(props.run.run_id, reason.trim()),
      "The run is being cancelled",
    );
    cache.changed(new Set([`run:${props.run.run_id}`]));
    if (done) props.onClose();
  };
  return (
    <Dialog
      title={`Cancel ${props.run.run_id}`}
      onClose={props.onClose}
      onSubmit={() => void cancel()}
      foot={
        <>
          <Button onClick={props.onClose}>Let it run</Button>
          <Button look="danger" type="submit">
            Cancel the run
          </Button>
        </>
      }
    >
      <p>
        {running.length === 0
          ? "No task runs at the moment. "
          : `What runs now is stopped: ${running.map((task) => task.task).join(", ")}. `}
        Tables stay as they were last published; nothing half done is visible.
      </p>
      <TextField
        label="Reason"
        hint="Kept with the run."
        value={reason}
        maxLength={1000}
        onChange={setReason}
      />
    </Dialog>
  );
}

function NoteDialog(props: { run: RunDetail; onClose: () => void }) {
  const [note, setNote] = useState(props.run.note);
  const save = async () => {
    const done = await attempt(
      () => api.noteRun(props.run.run_id, note.trim()),
      "The note is kept",
    );
    cache.changed(new Set([`run:${props.run.run_id}`]));
    if (done) props.onClose();
  };
  return (
    <Dialog
      title="Note"
      onClose={props.onClose}
      onSubmit={() => void save()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit">
            Save
          </Button>
        </>
      }
    >
      <Field label="Note on this run">
        {(attributes) => (
          <textarea
            {...attributes}
            className="input"
            rows={5}
            maxLength={4000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}
