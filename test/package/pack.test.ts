/**
 * The package as a user gets it: packed, installed into an empty project outside the tree, imported and run.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scenarios } from "../../src/scenarios/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "shootdown-pack-"));
const run = (command: string, args: string[], cwd = folder): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed;

beforeAll(() => {
  const json = run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  packed = (JSON.parse(json.slice(json.indexOf("["))) as Packed[])[0] as Packed;
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "private": true, "type": "module" }');
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  run("npm", ["install", ...quiet, `./${packed.filename}`]);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package", () => {
  it("holds the library, its types and the core, and no sources, tests or benchmarks", () => {
    const paths = packed.files.map((file) => file.path);
    expect(paths).toEqual(
      expect.arrayContaining(["dist/src/index.js", "dist/src/index.d.ts", "dist/core.wasm", "LICENSE"]),
    );
    expect(paths.filter((path) => /^(src|test|bench|assembly|build)\//.test(path))).toEqual([]);
  });

  it("checks, replays and boots a machine from an import", () => {
    writeFileSync(
      join(folder, "use.js"),
      `import { check, editions, listing, Machine, replay, backends, scenarios } from "shootdown";
       const { results } = await check({ scenarios: ["seed"], editions: ["5.15", "5.16"], backends: ["x86"] });
       const bad = results[0].violations.find((v) => v.kind === "STALE_TRANSLATION");
       const story = replay(bad.schedule);
       const counts = { cpus: 2, mms: 1, tasks: 1 };
       const machine = Machine.boot({ geometry: "tiny", edition: editions[2], backend: backends[1], ...counts });
       console.log(JSON.stringify({
         verdicts: results.map((r) => r.verdict), steps: bad.steps, told: story.steps.filter((s) => s.step).length,
         hash: machine.hash().length, scenarios: scenarios.length, listing: typeof listing,
       }));`,
    );
    const printed = JSON.parse(run(process.execPath, ["use.js"])) as Record<string, unknown>;
    expect(printed).toEqual({
      verdicts: ["violated", "masked"],
      steps: 37,
      told: 37,
      hash: 16,
      scenarios: scenarios.length,
      listing: "function",
    });
  });

  it("has types that a strict project accepts", () => {
    writeFileSync(
      join(folder, "use.ts"),
      `import { check, type CheckResult, replay, type Story } from "shootdown";
       const result: CheckResult = await check({ scenarios: ["seed"] });
       const story: Story = replay(result.results[0]?.violations[0]?.schedule ?? "");
       export const hash: string = story.hash;`,
    );
    const compilerOptions = { strict: true, noEmit: true, module: "NodeNext", target: "ES2023", types: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    expect(run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"])).toBe("");
  });

  it("brings the command", () => {
    const listed = run(join(folder, "node_modules/.bin/shootdown"), ["list", "editions", "--json"]);
    expect(JSON.parse(listed)).toMatchObject({ schema: "shootdown/list@1" });
    expect(run(join(folder, "node_modules/.bin/shootdown"), [])).toContain("The smallest counterexample");
  });
});
