import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import * as fuzzSchemas from "../../src/report/fuzz-schema.js";
import * as schemas from "../../src/report/schema.js";
import * as searchSchemas from "../../src/report/search-schema.js";
import * as traceSchemas from "../../src/report/tlb-schema.js";
import { root, shootdown } from "./shootdown.js";

const folder = mkdtempSync(join(tmpdir(), "shootdown-json-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The one object that a command prints. */
async function printed(args: readonly string[]): Promise<{ code: number; stdout: string; value: unknown }> {
  const { code, stdout, stderr } = await shootdown([...args, "--json"]);
  // Progress is welcome when the machine is slow.
  expect(stderr).not.toContain("shootdown:");
  return { code, stdout, value: JSON.parse(stdout) };
}

describe("--json", () => {
  it("of check gives rows that fit their schema, with the exit code of the text", async () => {
    const { code, value } = await printed(["check", "seed", "--edition", "5.15,5.16", "--backend", "x86,arm64"]);
    const { results } = schemas.checkOutput.parse(value);
    expect(code).toBe(1);
    expect(results.map((row) => `${row.edition} ${row.backend} ${row.verdict}`)).toEqual([
      "5.15 x86 violated",
      "5.15 arm64 violated",
      "5.16 x86 masked",
      "5.16 arm64 masked",
    ]);
  });

  it("of replay gives the story, and replay takes it back from a file", async () => {
    const token = "seed/truncate@5.15/x86:0000.11";
    const { stdout, value } = await printed(["replay", token]);
    expect(schemas.replayOutput.parse(value).token).toBe(token);
    const path = join(folder, "replay.json");
    writeFileSync(path, stdout);
    expect((await printed(["replay", path])).value).toEqual(value);
  });

  it("of check is taken by replay, which plays the shortest harm and says so", async () => {
    const path = join(folder, "check.json");
    writeFileSync(path, (await printed(["check", "seed", "--edition", "5.15", "--backend", "x86"])).stdout);
    const { code, stdout, stderr } = await shootdown(["replay", path, "--json", "--no-repair"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^replaying the shortest of \d+ violations: seed\/truncate@5\.15\/x86:\d+\.20\n$/);
    expect(schemas.replayOutput.parse(JSON.parse(stdout)).violations.at(-1)?.kind).toBe("RIGHTS_OUTLIVE_CALL");
  });

  it("of a schedule file is what the token alone gives", async () => {
    const token = "seed/truncate@5.15/x86:0000.11";
    const path = join(folder, "schedule.json");
    writeFileSync(path, JSON.stringify({ schema: "shootdown/schedule@1", token, added: "later" }));
    expect((await printed(["replay", path])).value).toEqual((await printed(["replay", token])).value);
  });

  it("of fuzz gives a campaign that fits its schema, and 1 when harm was found", async () => {
    const { code, value } = await printed(["fuzz", "--edition", "5.15", "--runs", "4000", "--seed", "3"]);
    const result = fuzzSchemas.fuzzOutput.parse(value);
    expect(code).toBe(1);
    expect(result.runs).toBe(4000);
    expect(result.findings.some((finding) => finding.severity === "harm")).toBe(true);
  });

  it("of fuzz --input gives what the bytes mean, and 1 when they do harm", async () => {
    const inputs = JSON.parse(readFileSync(join(root, "test/fixtures/fuzz/inputs.json"), "utf8"));
    const file = join(mkdtempSync(join(tmpdir(), "shootdown-input-")), "bytes");
    writeFileSync(file, Buffer.from(inputs[0].input, "hex"));
    const { code, value } = await printed(["fuzz", "--input", file, "--edition", "5.15"]);
    const result = fuzzSchemas.fuzzInputOutput.parse(value);
    expect(code).toBe(1);
    expect(result.program).toEqual(inputs[0].program);
    expect(result.violations.map(({ kind }) => kind)).toContain("STALE_TRANSLATION");
    expect((await shootdown(["fuzz", "--input", `${file}.none`])).code).toBe(2);
  });

  it("of fuzz with a scenario gives its races and a token for each finding", async () => {
    const { code, value } = await printed(["fuzz", "seed", "--backend", "x86", "--strategy", "pct", "--runs", "100"]);
    const { races = [], findings } = fuzzSchemas.fuzzOutput.parse(value);
    expect(code).toBe(1);
    expect(races.map((race) => `${race.case} ${race.runs} ${(race.pctBound ?? 0) > 0}`)).toEqual([
      "truncate 100 true",
      "exit 100 true",
    ]);
    expect(findings[0]?.race?.schedule).toMatch(/^seed\/truncate@/);
  });

  it("of run gives every edition", async () => {
    const { code, value } = await printed(["run", "test/fixtures/oplogs/postgres.strace.xz"]);
    const { editions } = schemas.runOutput.parse(value);
    expect(code).toBe(0);
    expect(editions.map(({ edition, violations }) => [edition, violations.map(({ kind }) => kind)])).toEqual([
      ["5.15", ["FLUSH_AFTER_UNLOCK"]],
      ["5.16", []],
    ]);
  });

  it("of run gives the flushes that were predicted, when the log has faults", async () => {
    const { code, value } = await printed(["run", "test/fixtures/oplogs/gcc.ops.xz"]);
    expect(code).toBe(0);
    expect(schemas.faultLogOutput.parse(value).flushes.exact).toBeGreaterThan(250);
  });

  it("of conform gives every row, and 1 when less agrees than is asked", async () => {
    const file = "test/fixtures/golden/6.1.192/b_noshare.json.xz";
    const { code, value } = await printed(["conform", file]);
    expect(code).toBe(0);
    expect(schemas.conformOutput.parse(value).rows).toHaveLength(1);
    const wrong = await printed(["conform", "test/fixtures/golden/7.3.4/d_punch.json.xz", "--least", "100"]);
    expect(wrong.code).toBe(1);
    expect(schemas.conformOutput.parse(wrong.value).disagreements.length).toBeGreaterThan(0);
  });

  it.each(["editions", "backends", "scenarios", "bugs", "calls", "geometries", "tlbs"])(
    "of list %s gives its items",
    async (what) => {
      const { value } = await printed(["list", what]);
      const listed = schemas.listOutput.parse(value);
      expect(listed.what).toBe(what);
      expect(listed.items.length).toBeGreaterThan(1);
    },
  );

  it("of diff gives the lines of each function with their commits", async () => {
    const { value } = await printed(["diff", "5.15", "5.16", "munmap"]);
    const { functions } = schemas.diffOutput.parse(value);
    expect(functions.flatMap((f) => f.lines.map((line) => line.commit))).toContain("a4a118f2eead");
  });

  it("of mutate gives every mutant, and ends with 1 when a line is never run", async () => {
    const args = ["mutate", "switch", "--edition", "5.19", "--backend", "x86"];
    const { code, value } = await printed(args);
    const result = searchSchemas.mutateOutput.parse(value);
    expect(result.results.length).toBeGreaterThan(0);
    expect(code).toBe(result.counts.unreached + result.counts.survived > 0 ? 1 : 0);
  });

  it("of export gives the model, or the file that it went to", async () => {
    const args = ["export", "--promela", "seed/truncate", "-e", "5.15", "-b", "x86"];
    const { model = "", lines } = schemas.exportOutput.parse((await printed(args)).value);
    expect(model.split("\n")).toHaveLength(lines + 1);
    const output = join(folder, "seed.pml");
    const written = schemas.exportOutput.parse((await printed([...args, "-o", output])).value);
    expect(written).toMatchObject({ output, lines });
    expect(readFileSync(output, "utf8")).toBe(model);
  });

  it("of the story gives all its parts as one object", async () => {
    const { code, stdout } = await shootdown(["--json"]);
    const story = schemas.storyOutput.parse(JSON.parse(stdout));
    expect(code).toBe(0);
    expect(story.history).toHaveLength(2 * 10 * 4);
    expect(story.whatIfs.map((row) => row.verdict)).toEqual(["masked", ...Array(5).fill("violated")]);
  });
});

describe("docs/json.md", () => {
  it("names every field of every schema", () => {
    const text = readFileSync(join(root, "docs/json.md"), "utf8");
    const named = new Set(text.match(/[A-Za-z0-9]+/g));
    const fields = new Set<string>();
    const all = [
      ...Object.values(schemas),
      ...Object.values(fuzzSchemas),
      ...Object.values(traceSchemas),
      ...Object.values(searchSchemas),
    ];
    for (const schema of all) collect(z.toJSONSchema(schema), fields);
    expect([...fields].filter((field) => !named.has(field))).toEqual([]);
  });
});

/** The names of all properties in a JSON schema. */
function collect(node: unknown, fields: Set<string>): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "properties") for (const field of Object.keys(value as object)) fields.add(field);
    collect(value, fields);
  }
}
