import { useLayoutEffect, useRef, useState, type ReactNode, type UIEvent } from "react";

/** The rows of [0, count) that a viewport shows, and some around them. */
export function visibleRange(
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  count: number,
  around = 10,
): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - around);
  const last = Math.min(count, Math.ceil((scrollTop + viewport) / rowHeight) + around);
  return { first: Math.min(first, last), last };
}

/** A scrolling list of rows of one height that draws only what is seen. */
export function VirtualList(props: {
  count: number;
  rowHeight: number;
  className?: string;
  label: string;
  /** Not higher than its rows when there are few. */
  fit?: boolean;
  /** Stay at the end while rows are added, until the reader scrolls up. */
  follow?: boolean;
  onFollow?: (follow: boolean) => void;
  row: (index: number) => ReactNode;
}) {
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 400 });
  const { count, rowHeight, follow } = props;
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const measure = () => setView({ top: box.scrollTop, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const box = element.current;
    if (box && follow) box.scrollTop = box.scrollHeight;
  }, [count, follow]);
  const scrolled = (event: UIEvent<HTMLDivElement>) => {
    const box = event.currentTarget;
    setView({ top: box.scrollTop, height: box.clientHeight });
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - rowHeight;
    if (props.onFollow && atEnd !== follow) props.onFollow(atEnd);
  };
  const { first, last } = visibleRange(view.top, view.height, rowHeight, count);
  const rows: ReactNode[] = [];
  for (let index = first; index < last; index++) rows.push(props.row(index));
  return (
    <div
      ref={element}
      className={`virtual ${props.className ?? ""}`}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      onScroll={scrolled}
      style={props.fit ? { maxHeight: `${count * rowHeight + 2}px` } : undefined}
    >
      <div className="virtual-all" style={{ height: `${count * rowHeight}px` }}>
        <div className="virtual-seen" style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
