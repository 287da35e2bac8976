// Builds the explorer into ../static: hashed files, each with a gzipped twin, addressed relatively so that any path will do.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { defineConfig } from "vite";

/** Writes `name.gz` beside every asset, so that the server never compresses seven megabytes while others wait. */
function gzipped() {
  return {
    name: "gzipped",
    apply: "build",
    async writeBundle({ dir }, bundle) { // from disk: until then vite still changes the text
      for (const name of Object.keys(bundle).filter((name) => name.startsWith("assets/"))) {
        const file = join(dir, name);
        await writeFile(`${file}.gz`, await promisify(gzip)(await readFile(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [gzipped()],
  esbuild: { jsx: "automatic" },
  worker: { format: "es" }, // as iife, GraphQL's language worker does not build
  build: {
    outDir: "../static",
    emptyOutDir: true,
    chunkSizeWarningLimit: 5000, // kB; the editor is that large
    rollupOptions: { onwarn: (warning, show) => warning.code === "MODULE_LEVEL_DIRECTIVE" || show(warning) }, // "use client"
  },
  server: {
    fs: { allow: [".."] }, // ../queries
    proxy: { "/graphql": "http://127.0.0.1:8000" }, // `npm run dev` beside `make run`
  },
});
