/**
 * Makes sure that both builds of the core are there and fresh before any test, so that `npx vitest run` works alone.
 *
 * The build script compares digests and does nothing when nothing changed. A tree without a core yet is left alone, so
 * that the house rules can be tested from the first file on.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export default function setup(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (!existsSync(`${root}assembly/index.ts`)) return;
  execFileSync(process.execPath, ["scripts/build.mjs", "--debug"], { cwd: root, stdio: "inherit" });
  for (const built of ["build/core.wasm", "build/core.debug.wasm"]) {
    if (!existsSync(root + built)) throw new Error(`${built} is missing after: node scripts/build.mjs --debug`);
  }
}
