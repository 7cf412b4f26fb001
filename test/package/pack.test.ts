/**
 * The package as a user gets it: packed, installed into an empty project outside the tree, imported and run.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

  it("searches with reductions and on workers, fuzzes and reads traces, with nothing but what it brought", () => {
    const command = (...args: string[]): { code: number; out: string } => {
      const { status, stdout, stderr } = spawnSync(join(folder, "node_modules/.bin/shootdown"), args, {
        cwd: folder,
        encoding: "utf8",
      });
      if (status !== 0 && status !== 1) throw new Error(`${args.join(" ")}: ${status}\n${stderr}`);
      return { code: status, out: stdout };
    };
    const seed = ["seed", "--edition", "5.15", "--backend", "x86", "--json"];
    const verdicts = (text: string): string[] =>
      (JSON.parse(text) as { results: { verdict: string }[] }).results.map(({ verdict }) => verdict);
    const reduced = command("check", ...seed, "--reduce", "por");
    expect([reduced.code, verdicts(reduced.out)]).toEqual([1, ["violated"]]);
    // Two checks on two workers, and one search that two share.
    expect(verdicts(command("check", ...seed, "--edition", "5.15,7.1", "--jobs", "2").out)).toEqual([
      "violated",
      "holds",
    ]);
    expect(verdicts(command("check", ...seed, "--jobs", "2").out)).toEqual(["violated"]);
    const fuzzed = command("fuzz", "--runs", "4000", "--jobs", "2", "--edition", "7.1", "--json");
    expect(JSON.parse(fuzzed.out)).toMatchObject({ runs: 4000, jobs: 2, findings: [] });
    const trace = join(root, "test/fixtures/traces/python.lackey.xz");
    const tlb = command("tlb", trace, trace, "--jobs", "2", "--json");
    expect((JSON.parse(tlb.out) as { traces: unknown[] }).traces.length).toBe(2);
    const token = "seed/truncate@5.15/x86:000000011111111111111111111111.37";
    expect(command("replay", token, "--fold").out).toContain("STALE_TRANSLATION");
  });

  it("imports nothing for tests from the main entry, and says which peers its sub-paths want", () => {
    expect(run("ls", ["node_modules"]).split("\n")).not.toContain("fast-check");
    const { peerDependenciesMeta } = JSON.parse(
      readFileSync(join(folder, "node_modules/shootdown/package.json"), "utf8"),
    );
    expect(peerDependenciesMeta).toEqual({ "fast-check": { optional: true }, vitest: { optional: true } });
    expect(() => run(process.execPath, ["-e", 'import("shootdown/fast-check")'])).toThrow(/fast-check/);
  });

  it("runs the examples of docs/testing.md, and their types hold", () => {
    for (const name of ["vitest", "fast-check"]) {
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    }
    const examples = readFileSync(join(root, "docs/testing.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm);
    const names = [...examples].map(([, code = ""], i) => {
      writeFileSync(join(folder, `example${i}.test.ts`), code);
      return `example${i}.test.ts`;
    });
    expect(names.length).toBe(2);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: "NodeNext",
      target: "ES2023",
      types: [],
      skipLibCheck: true,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: names }));
    expect(run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.json"])).toBe("");
    const told = run(join(root, "node_modules/.bin/vitest"), ["run", "--root", folder, "--reporter=json"]);
    expect(JSON.parse(told.slice(told.indexOf("{")))).toMatchObject({ success: true, numPassedTests: 4 });
  });

  it("brings the command", () => {
    const listed = run(join(folder, "node_modules/.bin/shootdown"), ["list", "editions", "--json"]);
    expect(JSON.parse(listed)).toMatchObject({ schema: "shootdown/list@1" });
    expect(run(join(folder, "node_modules/.bin/shootdown"), [])).toContain("The smallest counterexample");
  });
});
