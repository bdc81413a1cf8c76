import { useEffect, useState, type ReactNode } from "react";
import { api } from "../api/endpoints";
import { useLiveStatus, type LiveStatus } from "../api/live";
import { cache, useQuery } from "../api/query";
import { useMay, useSession } from "../api/session";
import { Button } from "../components/button";
import { attempt } from "../components/toast";
import { Link, navigate, pageOf } from "../router";
import { changeSettings, useSettings, type Theme } from "../settings";
import { shortCode } from "../time/format";
import { useKeys } from "./keys";
import { Palette } from "./palette";
import { ShortcutsDialog } from "./shortcuts_dialog";

const kSections = [
  { title: "Map", to: pageOf.home(), icon: "M2 3h4v4H2zM10 3h4v4h-4zM6 5h4M10 10h4v4h-4zM4 7v5h6" },
  { title: "Pipelines", to: pageOf.pipelines(), icon: "M2 8h3m6 0h3M5 5h6v6H5z" },
  { title: "Runs", to: pageOf.runs(), icon: "M4 3l9 5-9 5z" },
  { title: "Tables", to: pageOf.tables(), icon: "M2 3h12v10H2zM2 6.5h12M6 6.5V13" },
  { title: "Backfills", to: pageOf.backfills(), icon: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3" },
  { title: "Alerts", to: pageOf.alerts(), icon: "M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM7 14h2" },
] as const;
const kAdmin = [
  {
    title: "Users",
    to: pageOf.users(),
    icon: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM3 14c0-3 2-4.5 5-4.5s5 1.5 5 4.5",
  },
  { title: "Tokens", to: pageOf.tokens(), icon: "M5.5 10a2.5 2.5 0 1 1 2-4H14v2h-2v2h-2V8H8" },
  { title: "Audit log", to: pageOf.audit(), icon: "M4 2h8v12H4zM6 5h4M6 8h4M6 11h2" },
] as const;

export function Shell(props: { path: string; children: ReactNode }) {
  const [open, setOpen] = useState<"palette" | "shortcuts" | null>(null);
  const admin = useMay("admin");
  useKeys({ onPalette: () => setOpen("palette"), onShortcuts: () => setOpen("shortcuts") });
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <nav className="side" aria-label="Sections">
        <Link href={pageOf.home()} className="brand" aria-label="Ingot, map of tables">
          <img src="/favicon.svg" alt="" width="22" height="22" />
          <span>Ingot</span>
        </Link>
        <Sections sections={kSections} path={props.path} />
        {admin && <Sections sections={kAdmin} path={props.path} title="Administration" />}
        <Place />
      </nav>
      <header className="top">
        <Button className="palette-button" onClick={() => setOpen("palette")}>
          <span>Search or jump to…</span>
          <kbd>Ctrl K</kbd>
        </Button>
        <span className="top-space" />
        <LiveMark />
        <ZoneButton />
        <ThemeButton />
        <Button
          look="quiet"
          icon
          aria-label="Keyboard shortcuts"
          onClick={() => setOpen("shortcuts")}
        >
          ?
        </Button>
        <UserMark />
      </header>
      <main id="main" className="main" tabIndex={-1}>
        <Problems />
        {props.children}
      </main>
      {open === "palette" && <Palette onClose={() => setOpen(null)} />}
      {open === "shortcuts" && <ShortcutsDialog onClose={() => setOpen(null)} />}
    </div>
  );
}

function Sections(props: {
  sections: readonly { title: string; to: string; icon: string }[];
  path: string;
  title?: string;
}) {
  return (
    <div className="side-group">
      {props.title && <div className="side-title">{props.title}</div>}
      {props.sections.map((section) => {
        const here =
          section.to === "/" ? props.path === "/" : `${props.path}/`.startsWith(`${section.to}/`);
        return (
          <Link
            key={section.to}
            href={section.to}
            className="side-link"
            aria-current={here ? "page" : undefined}
          >
            <svg
              viewBox="0 0 16 16"
              width="15"
              height="15"
              fill="none"
              stroke="currentColor"
              strokeWidth="1.4"
              strokeLinejoin="round"
              aria-hidden="true"
            >
              <path d={section.icon} />
            </svg>
            <span>{section.title}</span>
          </Link>
        );
      })}
    </div>
  );
}

function useInfo() {
  return useQuery("info", api.info, ["info"]);
}

/** Which project in which environment this is: nobody should cancel production by mistake. */
function Place() {
  const info = useInfo().data;
  if (!info) return <div className="side-place" />;
  return (
    <div className="side-place">
      <strong>{info.project}</strong>
      {info.environment && <span className="tag">{info.environment}</span>}
      <span className="quiet clip" title={info.lake}>
        {info.lake}
      </span>
      <span className="quiet" title={`code ${info.code_version}`}>
        {info.version} · {shortCode(info.code_version)}
      </span>
    </div>
  );
}

function Problems() {
  const info = useInfo().data;
  if (!info || info.problems.length === 0) return null;
  return (
    <div className="banner banner-error problems" role="alert">
      <div>
        <strong>The project on disk does not load; the last good one is served.</strong>
        <ul>
          {info.problems.slice(0, 5).map((problem) => (
            <li key={problem.place + problem.message}>
              <code>{problem.place}</code> {problem.message}
            </li>
          ))}
        </ul>
        {info.problems.length > 5 && <span>and {info.problems.length - 5} more</span>}
      </div>
    </div>
  );
}

const kLiveWords: Record<LiveStatus, string> = {
  connecting: "Connecting…",
  live: "Live: what changes is shown at once",
  polling: "No live connection: asking every 5 seconds, and trying again",
  hidden: "Resting while the page is hidden",
};

function LiveMark() {
  const status = useLiveStatus();
  return (
    <span className={`live live-${status}`} role="status" title={kLiveWords[status]}>
      <span className="live-dot" aria-hidden="true" />
      {status === "polling" ? "polling" : status === "connecting" ? "connecting" : "live"}
    </span>
  );
}

function ZoneButton() {
  const { zone } = useSettings();
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Button
      look="quiet"
      title={`Times are shown in ${zone === "UTC" ? "UTC" : local}. Click to change.`}
      onClick={() => changeSettings({ zone: zone === "UTC" ? "local" : "UTC" })}
    >
      {zone === "UTC" ? "UTC" : "local"}
    </Button>
  );
}

const kNextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const kThemeSigns: Record<Theme, string> = { system: "◐", light: "☀", dark: "☾" };

function ThemeButton() {
  const { theme } = useSettings();
  return (
    <Button
      look="quiet"
      icon
      aria-label={`Theme: ${theme}. Click for ${kNextTheme[theme]}.`}
      title={`Theme: ${theme}`}
      onClick={() => changeSettings({ theme: kNextTheme[theme] })}
    >
      {kThemeSigns[theme]}
    </Button>
  );
}

function UserMark() {
  const me = useSession();
  const localMode = useInfo().data?.local_mode ?? false;
  const [asking, setAsking] = useState(false);
  useEffect(() => setAsking(false), [me.user]);
  if (localMode) {
    return (
      <span className="tag" title="No account exists and the server listens on this machine only">
        local mode
      </span>
    );
  }
  const logout = async () => {
    if (!(await attempt(api.logout))) return;
    navigate(pageOf.login("/"));
    cache.clear();
  };
  return asking ? (
    <Button onClick={() => void logout()} onBlur={() => setAsking(false)} autoFocus>
      Log out {me.user}
    </Button>
  ) : (
    <Button look="quiet" onClick={() => setAsking(true)} title={`Role: ${me.role}`}>
      {me.user}
    </Button>
  );
}
