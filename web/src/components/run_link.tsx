import { Link, pageOf } from "../router";

/** Ids grow with time: their start tells runs apart, and is what `ingot runs` takes. */
const kShown = 13;

/** The id of a run as a link to it, or a dash. */
export function RunLink(props: { run: string | null | undefined; row?: boolean }) {
  const { run } = props;
  if (!run) return <span className="quiet">–</span>;
  return (
    <Link
      href={pageOf.run(run)}
      className="mono nowrap"
      title={run}
      data-nav-row={props.row ? true : undefined}
    >
      {run.slice(0, kShown)}
    </Link>
  );
}
