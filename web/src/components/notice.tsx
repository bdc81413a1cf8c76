import type { ReactNode } from "react";
import { ApiProblem } from "../api/client";
import { Button } from "./button";

export function Empty(props: { title: string; children?: ReactNode }) {
  return (
    <div className="notice" data-notice="empty">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

export function Loading(props: { what: string; rows?: number }) {
  return (
    <div className="skeleton-block" role="status" aria-label={`Loading ${props.what}`}>
      {Array.from({ length: props.rows ?? 5 }, (_, index) => (
        <div key={index} className="skeleton" />
      ))}
    </div>
  );
}

export function Failure(props: { error: Error; what: string; onRetry?: () => void }) {
  const missing = props.error instanceof ApiProblem && props.error.status === 404;
  return (
    <div className="notice" role="alert" data-notice="error">
      <h2>{missing ? `There is no such ${props.what}` : `${props.what} cannot be shown`}</h2>
      <p>{props.error.message}</p>
      {props.onRetry && <Button onClick={props.onRetry}>Try again</Button>}
    </div>
  );
}

/** An error beside something older that is still shown. */
export function StaleBanner(props: { error: Error | undefined; onRetry: () => void }) {
  if (!props.error) return null;
  return (
    <div className="banner banner-error" role="alert">
      <span>What is shown may be out of date: {props.error.message}</span>
      <Button look="quiet" onClick={props.onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** Draws what a query brought: loading, the error, or the data with the error of a later try above it. */
export function Loaded<T>(props: {
  query: { data: T | undefined; error: Error | undefined; refetch: () => Promise<void> };
  what: string;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = props.query;
  if (data !== undefined) {
    return (
      <>
        <StaleBanner error={error} onRetry={() => void refetch()} />
        {props.children(data)}
      </>
    );
  }
  if (error) return <Failure error={error} what={props.what} onRetry={() => void refetch()} />;
  return <Loading what={props.what} rows={props.rows} />;
}
