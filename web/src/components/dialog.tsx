import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";
import { Button } from "./button";

const kFirst =
  ".dialog-body input, .dialog-body select, .dialog-body textarea, .dialog-foot .button:last-child";

/** A modal dialog. The browser keeps the focus inside, Esc closes it, and the focus goes back to where it was. */
export function Dialog(props: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  onSubmit?: () => void;
  foot?: ReactNode;
  children: ReactNode;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // By itself the browser goes to the button that closes it.
      dialog.querySelector<HTMLElement>(kFirst)?.focus();
    }
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit?.();
  };
  const body = (
    <>
      <div className="dialog-body">{props.children}</div>
      {props.foot && <div className="dialog-foot">{props.foot}</div>}
    </>
  );
  return (
    <dialog
      ref={element}
      className={`dialog${props.wide ? " dialog-wide" : ""}`}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => event.target === element.current && props.onClose()}
    >
      <header className="dialog-head">
        <h2 id={title}>{props.title}</h2>
        <Button look="quiet" icon aria-label="Close" onClick={props.onClose}>
          ✕
        </Button>
      </header>
      {props.onSubmit ? (
        <form className="dialog-form" onSubmit={submit} noValidate>
          {body}
        </form>
      ) : (
        body
      )}
    </dialog>
  );
}
