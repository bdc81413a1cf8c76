import type { Key, ReactNode } from "react";
import type { PagedResult } from "../api/query";
import { Button } from "./button";
import { Failure, Loading, StaleBanner } from "./notice";

export interface Column<T> {
  title: string;
  number?: boolean;
  /** Left out where the page is narrow. */
  wideOnly?: boolean;
  className?: string;
  cell: (item: T) => ReactNode;
}

/** A table of things. Give the main link of each row `data-nav-row`, so that j and k step through the rows. */
export function DataTable<T>(props: {
  label: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  keyOf: (item: T) => Key;
  rowClass?: (item: T) => string;
}) {
  const classOf = (column: Column<T>) =>
    [column.number ? "number" : "", column.wideOnly ? "wide-only" : "", column.className ?? ""]
      .filter(Boolean)
      .join(" ") || undefined;
  return (
    <div className="table-wrap">
      <table className="table" aria-label={props.label}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.title} scope="col" className={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.items.map((item) => (
            <tr key={props.keyOf(item)} className={props.rowClass?.(item)}>
              {props.columns.map((column) => (
                <td key={column.title} className={classOf(column)}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A table of a list that comes by pages. */
export function PagedTable<T>(props: {
  label: string;
  columns: readonly Column<T>[];
  pages: PagedResult<T>;
  keyOf: (item: T) => Key;
  empty: ReactNode;
}) {
  const { items, error, loading, hasMore, loadMore, refetch } = props.pages;
  if (!items) {
    return error ? (
      <Failure error={error} what={props.label} onRetry={() => void refetch()} />
    ) : (
      <Loading what={props.label} />
    );
  }
  if (items.length === 0 && !error) return <>{props.empty}</>;
  return (
    <>
      <StaleBanner error={error} onRetry={() => void refetch()} />
      <DataTable {...props} items={items} />
      {hasMore && (
        <div className="table-more">
          <Button onClick={loadMore} disabled={loading}>
            {loading ? "Loading…" : "Show more"}
          </Button>
        </div>
      )}
    </>
  );
}
