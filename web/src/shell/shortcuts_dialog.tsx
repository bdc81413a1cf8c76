import { Dialog } from "../components/dialog";
import { kShortcuts } from "./keys";

export function ShortcutsDialog(props: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={props.onClose}>
      <dl className="facts">
        {kShortcuts.map(([keys, meaning]) => (
          <div key={keys} className="facts-row">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
