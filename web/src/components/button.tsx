import type { ButtonHTMLAttributes, ReactNode } from "react";

export function Button(
  props: ButtonHTMLAttributes<HTMLButtonElement> & {
    look?: "plain" | "primary" | "danger" | "quiet";
    /** Why it cannot be used now; the button is disabled and says so. */
    refused?: string | null | undefined;
    icon?: boolean;
    children: ReactNode;
  },
) {
  const { look = "plain", refused, icon, className, title, disabled, ...rest } = props;
  const classes = ["button", `button-${look}`, icon ? "button-icon" : "", className ?? ""];
  return (
    <button
      type="button"
      {...rest}
      className={classes.filter(Boolean).join(" ")}
      disabled={disabled || Boolean(refused)}
      title={refused || title}
    />
  );
}

export function Switch(props: {
  on: boolean;
  label: string;
  refused?: string | null | undefined;
  onChange: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={props.on}
      aria-label={props.label}
      disabled={Boolean(props.refused)}
      title={props.refused || props.label}
      onClick={() => props.onChange(!props.on)}
    />
  );
}
