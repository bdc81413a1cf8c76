import type { ReactNode } from "react";

/** One line of a `<dl className="facts">`. */
export function Fact(props: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt className="quiet">{props.title}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
