// The styles that all share come first, so that a screen's own ones win.
import "./design/tokens.css";
import "./design/base.css";
import "./components/components.css";
import "./shell/shell.css";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { applyTheme } from "./settings";

applyTheme();
createRoot(document.getElementById("root")!).render(<App />);
