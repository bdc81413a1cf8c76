import { useCallback, useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";
import type { Layout } from "./layout";

/** Where a point (x, y) of the drawing lies on the screen: x * scale + left, y * scale + top. */
export interface View {
  left: number;
  top: number;
  scale: number;
}

export const kScaleMax = 2;
const kMargin = 16;
const kReadableScale = 0.75;

/** The drawing as large as fits, never above its natural size. */
export function fitView(
  drawing: { width: number; height: number },
  box: { width: number; height: number },
): View {
  const scale = Math.min(
    1,
    Math.max(0.02, (box.width - 2 * kMargin) / Math.max(1, drawing.width)),
    Math.max(0.02, (box.height - 2 * kMargin) / Math.max(1, drawing.height)),
  );
  return {
    scale,
    left: Math.max(kMargin, (box.width - drawing.width * scale) / 2),
    top: Math.max(kMargin, (box.height - drawing.height * scale) / 2),
  };
}

/** Zooms by `factor`; the point of the drawing under (x, y) stays there. */
export function zoomView(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(kScaleMax, Math.max(0.02, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, left: x - (x - view.left) * ratio, top: y - (y - view.top) * ratio };
}

/** From left to right, unless that had to be drawn small and from top to bottom is larger. */
export function chooseLayout(
  layouts: { right: Layout; down: Layout },
  box: { width: number; height: number },
): Layout {
  const scale = fitView(layouts.right, box).scale;
  if (box.width === 0 || scale >= kReadableScale) return layouts.right;
  return fitView(layouts.down, box).scale > scale ? layouts.down : layouts.right;
}

/** The size of an element, followed as it changes. */
export function useBox(element: RefObject<HTMLElement | null>) {
  const [box, setBox] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const observer = new ResizeObserver(() =>
      setBox({ width: target.clientWidth, height: target.clientHeight }),
    );
    observer.observe(target);
    return () => observer.disconnect();
  }, []);
  return box;
}

/** Panning by dragging, zooming by the wheel with Ctrl (or a pinch), and by the given functions. */
export function useViewport(
  element: RefObject<HTMLElement | null>,
  drawing: { width: number; height: number },
  box: { width: number; height: number },
) {
  const [moved, setMoved] = useState<View | null>(null);
  const drag = useRef<{ x: number; y: number; view: View; far: boolean } | null>(null);
  const view = moved ?? fitView(drawing, box);
  const current = useRef(view);
  current.current = view;

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const bounds = target.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY / 300);
      setMoved(
        zoomView(current.current, factor, event.clientX - bounds.left, event.clientY - bounds.top),
      );
    };
    target.addEventListener("wheel", wheel, { passive: false });
    return () => target.removeEventListener("wheel", wheel);
  }, []);

  const zoom = useCallback(
    (factor: number) => setMoved(zoomView(current.current, factor, box.width / 2, box.height / 2)),
    [box],
  );
  const show = useCallback(
    (x: number, y: number) => {
      const scale = Math.max(current.current.scale, 0.8);
      setMoved({ scale, left: box.width / 2 - x * scale, top: box.height / 2 - y * scale });
    },
    [box],
  );
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      drag.current = { x: event.clientX, y: event.clientY, view: current.current, far: false };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const from = drag.current;
      if (!from || event.buttons === 0) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.far && Math.abs(dx) + Math.abs(dy) < 5) return;
      if (!from.far) event.currentTarget.setPointerCapture(event.pointerId);
      from.far = true;
      setMoved({ ...from.view, left: from.view.left + dx, top: from.view.top + dy });
    },
    onPointerUp: () => void setTimeout(() => (drag.current = null)),
    onClickCapture: (event: { stopPropagation(): void }) => {
      if (drag.current?.far) event.stopPropagation();
    },
  };
  return { view, zoom, show, fit: () => setMoved(null), handlers };
}
