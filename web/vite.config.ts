import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The build goes where the C++ build looks for it (build/web/dist). Nothing is inlined: the server
// allows only 'self' as a source of scripts, styles and images.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: process.env["INGOT_WEB_OUT"] ?? "../build/web/dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    reportCompressedSize: true,
  },
  server: {
    proxy: { "/api": { target: process.env["INGOT_URL"] ?? "http://127.0.0.1:8420" } },
  },
  test: { environment: "node", testTimeout: 30_000, include: ["src/**/*_test.{ts,tsx}"] },
});
