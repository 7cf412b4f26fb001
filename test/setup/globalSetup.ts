/**
 * Makes sure that every build of the core is there and fresh before any test, so that `npx vitest run` works alone.
 *
 * The build script compares digests and does nothing when nothing changed; so does the test build, the core with its
 * insides exported (test/core/entry.ts). A tree without a core yet is left alone, so that the house rules can be tested
 * from the first file on.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ENTRY = "test/core/entry.ts";
const STAMP = "build/core-test.stamp";
const BUILT = [
  "build/core.wasm",
  "build/core.debug.wasm",
  "build/core.test.wasm",
  "build/replay.wasm",
  "build/replay.debug.wasm",
];

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Digest of everything that the test build is made from. */
function digest(): string {
  const sources = readdirSync(`${root}assembly`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `assembly/${path}`)
    .sort();
  const hash = createHash("sha256");
  for (const path of [...sources, ENTRY, "asconfig.json", "package.json"]) {
    hash.update(`${path}\0`).update(readFileSync(root + path));
  }
  return hash.digest("hex");
}

/** asc adds the entry to the one in asconfig.json: the product's exports and the insides, in one module. */
function buildTestCore(): void {
  const stamp = digest();
  if (
    existsSync(`${root}build/core.test.wasm`) &&
    existsSync(root + STAMP) &&
    readFileSync(root + STAMP, "utf8") === stamp
  )
    return;
  const asc = `${root}node_modules/assemblyscript/bin/asc.js`;
  const options = ["--config", "asconfig.json", "--target", "debug", "--outFile", "build/core.test.wasm"];
  execFileSync(process.execPath, [asc, ENTRY, ...options], { cwd: root, stdio: "inherit" });
  writeFileSync(root + STAMP, stamp);
}

export default function setup(): void {
  if (!existsSync(`${root}assembly/index.ts`)) return;
  execFileSync(process.execPath, ["scripts/build.mjs", "--debug"], { cwd: root, stdio: "inherit" });
  buildTestCore();
  for (const built of BUILT) {
    if (!existsSync(root + built)) throw new Error(`${built} is missing after: node scripts/build.mjs --debug`);
  }
}
