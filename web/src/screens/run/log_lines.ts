/** The end of a log, as lines. What is beyond the bound is dropped from the front and counted. */
export class LogLines {
  lines: string[] = [];
  dropped = 0;
  private open = "";

  constructor(private linesMax = 50_000) {}

  append(text: string) {
    const parts = (this.open + text).split("\n");
    this.open = parts.pop() ?? "";
    for (const part of parts) this.lines.push(tidy(part));
    const over = this.lines.length - this.linesMax;
    if (over > 0) {
      this.lines = this.lines.slice(over);
      this.dropped += over;
    }
    // A program that never ends its line must not fill the memory.
    if (this.open.length > kLineMax) this.open = this.open.slice(-kLineMax);
  }

  get count(): number {
    return this.lines.length + (this.open === "" ? 0 : 1);
  }

  line(index: number): string {
    return this.lines[index] ?? tidy(this.open);
  }
}

const kLineMax = 100_000;
const kEscapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** Without colours of a terminal, and of a line that was written over (progress bars) the last state. */
function tidy(line: string): string {
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  const shown = whole.slice(whole.lastIndexOf("\r") + 1).replace(kEscapes, "");
  return shown.length > kLineMax ? `${shown.slice(0, kLineMax)}…` : shown;
}

export function lineLevel(line: string): "error" | "warn" | "" {
  const head = line.slice(0, 120);
  if (/\b(ERROR|FATAL|CRITICAL|error:|Traceback)/.test(head)) return "error";
  return /\b(WARN|WARNING|warning:)/.test(head) ? "warn" : "";
}
