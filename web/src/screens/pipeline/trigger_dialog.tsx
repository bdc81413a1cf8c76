import { useState } from "react";
import { api } from "../../api/endpoints";
import { useQuery } from "../../api/query";
import type { ParamSchema, PipelineDetail, StartRun } from "../../api/types";
import { Button } from "../../components/button";
import { Dialog } from "../../components/dialog";
import { Checkbox, Field, TextField } from "../../components/field";
import { Loaded } from "../../components/notice";
import { RangeFields } from "../../components/range_fields";
import { Tabs } from "../../components/tabs";
import { attempt } from "../../components/toast";
import { navigate, pageOf } from "../../router";
import { serverNow } from "../../time/clock";
import { lastWindow, readRange } from "../../time/range";
import {
  fieldKind,
  initialTexts,
  readField,
  readForm,
  readJsonParams,
  type Texts,
} from "./params_form";

/** Starts a run by hand: window, parameters by form or as JSON, a note. */
export function TriggerDialog(props: { pipeline: string; onClose: () => void }) {
  const pipeline = useQuery(
    `pipeline:${props.pipeline}`,
    (signal) => api.pipeline(props.pipeline, signal),
    [`pipeline:${props.pipeline}`],
  );
  if (!pipeline.data) {
    return (
      <Dialog title={`Start ${props.pipeline}`} onClose={props.onClose}>
        <Loaded query={pipeline} what={`pipeline ${props.pipeline}`}>
          {() => null}
        </Loaded>
      </Dialog>
    );
  }
  return <TriggerForm pipeline={pipeline.data} onClose={props.onClose} />;
}

function TriggerForm(props: { pipeline: PipelineDetail; onClose: () => void }) {
  const { pipeline } = props;
  const schemas = pipeline.params;
  const [mode, setMode] = useState("form");
  const [texts, setTexts] = useState<Texts>(() => initialTexts(schemas));
  const [json, setJson] = useState("");
  const [range, setRange] = useState({ from: "", to: "" });
  const [full, setFull] = useState(false);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const form = readForm(schemas, texts);
  const written = readJsonParams(json);
  const window = readRange(range.from, range.to);
  const windowError = typeof window === "object" && "error" in window ? window.error : null;
  const jsonError = mode === "json" && "error" in written ? written.error : null;
  const wrong =
    windowError ?? jsonError ?? (mode === "form" ? Object.values(form.errors)[0] : null);
  const named = Object.keys(schemas).length > 0;

  const changeMode = (next: string) => {
    if (next === "json") setJson(JSON.stringify(form.params, null, 2));
    setMode(next);
  };
  const start = async () => {
    if (wrong) return;
    const params = mode === "json" && "params" in written ? written.params : form.params;
    const body: StartRun = { params };
    if (typeof window === "object" && !("error" in window)) body.window = window;
    if (full) body.full = true;
    if (note.trim() !== "") body.note = note.trim();
    setBusy(true);
    await attempt(async () => {
      const run = await api.startRun(pipeline.name, body);
      props.onClose();
      navigate(pageOf.run(run.run_id));
    }, `A run of ${pipeline.name} is queued`);
    setBusy(false);
  };
  const last = pipeline.window ? lastWindow(pipeline.window, serverNow()) : null;
  return (
    <Dialog
      title={`Start ${pipeline.name}`}
      onClose={props.onClose}
      onSubmit={() => void start()}
      foot={
        <>
          <Button onClick={props.onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={busy} refused={wrong}>
            Start
          </Button>
        </>
      }
    >
      {pipeline.window && (
        <div className="stack">
          <RangeFields
            from={range.from}
            to={range.to}
            error={windowError}
            hint={`Empty: the last ${pipeline.window} that is over.`}
            onChange={(from, to) => setRange({ from, to })}
          />
          {last && (
            <div>
              <Button look="quiet" onClick={() => setRange(last)}>
                The last {pipeline.window} that is over
              </Button>
            </div>
          )}
        </div>
      )}
      {named && (
        <Tabs
          label="How parameters are given"
          tabs={[
            { id: "form", title: "Parameters" },
            { id: "json", title: "As JSON" },
          ]}
          selected={mode}
          onSelect={changeMode}
        />
      )}
      {named &&
        mode === "form" &&
        Object.entries(schemas).map(([name, schema]) => (
          <ParamField
            key={name}
            name={name}
            schema={schema}
            text={texts[name] ?? ""}
            onChange={(text) => setTexts({ ...texts, [name]: text })}
          />
        ))}
      {named && mode === "json" && (
        <Field label="Parameters as JSON" error={jsonError}>
          {(attributes) => (
            <textarea
              {...attributes}
              className="input"
              rows={8}
              spellCheck={false}
              aria-invalid={jsonError !== null}
              value={json}
              onChange={(event) => setJson(event.target.value)}
            />
          )}
        </Field>
      )}
      <Checkbox
        label="Build everything again, also what is up to date"
        checked={full}
        onChange={setFull}
      />
      <TextField
        label="Note"
        placeholder="Why it is started by hand"
        value={note}
        maxLength={1000}
        onChange={setNote}
      />
    </Dialog>
  );
}

function ParamField(props: {
  name: string;
  schema: ParamSchema;
  text: string;
  onChange: (text: string) => void;
}) {
  const { name, schema, text, onChange } = props;
  const reading = readField(schema, text);
  const error = typeof reading === "object" && "error" in reading ? reading.error : null;
  const kind = fieldKind(schema);
  if (kind === "boolean") {
    return (
      <Checkbox
        label={
          <>
            <strong>{name}</strong> <span className="quiet">{schema.description}</span>
          </>
        }
        checked={text === "true"}
        onChange={(checked) => onChange(String(checked))}
      />
    );
  }
  if (kind === "choice") {
    return (
      <Field label={name} hint={schema.description} error={error}>
        {(attributes) => (
          <select
            {...attributes}
            className="input"
            value={text}
            onChange={(event) => onChange(event.target.value)}
          >
            {text === "" && <option value="">choose</option>}
            {(schema.enum ?? []).map((value) => (
              <option key={JSON.stringify(value)} value={JSON.stringify(value)}>
                {String(value)}
              </option>
            ))}
          </select>
        )}
      </Field>
    );
  }
  const types = { number: "number", date: "date", "date-time": "text", text: "text", json: "text" };
  return (
    <TextField
      label={name}
      hint={schema.description}
      error={error}
      type={types[kind]}
      step={kind === "number" ? "any" : undefined}
      className={kind === "json" ? "mono" : undefined}
      value={text}
      onChange={onChange}
    />
  );
}
