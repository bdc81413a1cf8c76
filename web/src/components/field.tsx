import { useId, type InputHTMLAttributes, type ReactNode } from "react";

export function Field(props: {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  children: (attributes: { id: string; "aria-describedby": string | undefined }) => ReactNode;
}) {
  const id = useId();
  const described = props.hint || props.error ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {props.label}
      </label>
      {props.children({ id, "aria-describedby": described })}
      {props.error ? (
        <span id={described} className="field-error" role="alert">
          {props.error}
        </span>
      ) : (
        props.hint && (
          <span id={described} className="field-hint">
            {props.hint}
          </span>
        )
      )}
    </div>
  );
}

export function TextField(
  props: Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> & {
    label: string;
    hint?: ReactNode;
    error?: string | null | undefined;
    onChange: (value: string) => void;
  },
) {
  const { label, hint, error, onChange, className, ...rest } = props;
  return (
    <Field label={label} hint={hint} error={error}>
      {(attributes) => (
        <input
          {...rest}
          {...attributes}
          className={`input ${className ?? ""}`}
          aria-invalid={Boolean(error)}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export function SelectField<T extends string>(props: {
  label: string;
  hint?: ReactNode;
  value: T;
  options: readonly { value: T; title: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <Field label={props.label} hint={props.hint}>
      {(attributes) => (
        <select
          {...attributes}
          className="input"
          value={props.value}
          onChange={(event) => props.onChange(event.target.value as T)}
        >
          {props.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Checkbox(props: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label className="checkbox">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}
