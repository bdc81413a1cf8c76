import { useMemo, type ReactNode } from "react";

const kKeywords = new Set(
  (
    "select from where group by order having join left right full inner outer cross on using as and or not in is " +
    "null case when then else end with union all distinct limit offset between like exists over partition qualify " +
    "unnest lateral asof values insert update delete create table view true false cast interval exclude replace"
  ).split(" "),
);
const kSql = /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|(\$[\w.]+)|([A-Za-z_]\w*)/g;
const kYaml = /(#[^\n]*)|("(?:[^"\\]|\\.)*"|'[^']*')|(\$[\w.]+)|(^\s*-?\s*[\w.-]+(?=:))/gm;

/** Text of a project with its keywords, strings, comments and references set off. */
export function Code(props: { text: string; language: "sql" | "yaml" | "json" | "text" }) {
  const parts = useMemo(() => colour(props.text, props.language), [props.text, props.language]);
  return (
    <pre className="code" tabIndex={0}>
      <code>{parts}</code>
    </pre>
  );
}

function colour(text: string, language: string): ReactNode[] {
  if (language === "text" || text.length > 200_000) return [text];
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(language === "sql" ? kSql : kYaml)) {
    const [whole, comment, quoted, variable, word] = match;
    const plainWord = language === "sql" && word && !kKeywords.has(word.toLowerCase());
    if (plainWord) continue;
    const kind = comment ? "comment" : quoted ? "text" : variable ? "variable" : "keyword";
    parts.push(text.slice(end, match.index));
    parts.push(
      <span key={match.index} className={`code-${kind}`}>
        {whole}
      </span>,
    );
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
