// `npm run check`: build, types, lint and format, tests, bench smoke. One line a step; stops at the first failure.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const node = process.execPath;
const tool = (name, file) => join(root, "node_modules", name, file);

const steps = [
  { name: "build", command: [node, "scripts/build.mjs", "--debug"] },
  { name: "types", command: [node, tool("typescript", "bin/tsc"), "-p", "tsconfig.check.json"] },
  {
    name: "biome",
    command: [node, tool("@biomejs/biome", "bin/biome"), "check", "--error-on-warnings"],
    hint: "npx biome check --write repairs formatting, import order and the safe fixes",
  },
  { name: "tests", command: [node, tool("vitest", "vitest.mjs"), "run"] },
  { name: "bench", command: [node, "dist/bench/main.js", "--smoke"], needs: "dist/bench/main.js" },
];

const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1).padStart(6)} s`;
const start = performance.now();

for (const { name, command, hint, needs } of steps) {
  const label = name.padEnd(6);
  if (needs !== undefined && !existsSync(join(root, needs))) {
    console.log(`${label}  not run: ${needs} does not exist`);
    continue;
  }
  const from = performance.now();
  const [program, ...args] = command;
  const result = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.status !== 0) {
    process.stdout.write(result.stdout ?? "");
    process.stderr.write(result.stderr ?? "");
    const how = result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit ${result.status}`);
    console.log(`${label}  ${seconds(from)}  FAILED (${how})${hint ? `\n        ${hint}` : ""}`);
    console.log(`total   ${seconds(start)}`);
    process.exit(1);
  }
  console.log(`${label}  ${seconds(from)}  ok`);
}
console.log(`total   ${seconds(start)}`);
