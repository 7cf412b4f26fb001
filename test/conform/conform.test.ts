/**
 * Agreement with real kernels: the share, the table in docs/conformance.md, and that the comparison can fail.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { type ConformResult, conform, editionOf, type NamedRecording } from "../../src/conform/conform.js";
import { loadRecordings } from "../../src/conform/load.js";
import { shareOf } from "../../src/report/conform.js";

const folder = new URL("../fixtures/golden", import.meta.url).pathname;
let recordings: NamedRecording[];
let result: ConformResult;

beforeAll(async () => {
  recordings = await loadRecordings(folder);
  result = conform(recordings);
}, 120_000);

const ofKernel = (kernel: string): NamedRecording[] => recordings.filter((named) => named.kernel === kernel);
const one = (file: string): NamedRecording[] => recordings.filter((named) => named.file === file);

describe("agreement with real kernels", () => {
  it("is at least 98 % of the operations that every repeat did alike, for each kernel and in each file", () => {
    expect(result.operations).toBe(5780);
    expect(result.compared).toBe(5677);
    expect(result.rows.filter((row) => row.unsupported > 0)).toEqual([]);
    for (const row of result.rows) expect([row.file, shareOf(row) >= 96]).toEqual([row.file, true]);
    for (const kernel of new Set(result.rows.map((row) => row.kernel))) {
      const rows = result.rows.filter((row) => row.kernel === kernel);
      const sum = (field: "agreed" | "compared"): number => rows.reduce((n, row) => n + row[field], 0);
      expect([kernel, sum("agreed") / sum("compared") > 0.99]).toEqual([kernel, true]);
    }
  });

  it("explains each disagreement that is left", () => {
    const left = result.disagreements.map(({ file, scenario, field, explanation }) => [
      file,
      scenario,
      field,
      explanation,
    ]);
    expect(left.filter(([, , , explanation]) => explanation === "not explained")).toEqual([]);
    expect(left.length).toBeLessThan(12);
  });

  it("stands in docs/conformance.md, row by row, with every disagreement", () => {
    const text = readFileSync(new URL("../../docs/conformance.md", import.meta.url), "utf8");
    for (const { kernel, file, operations, compared, agreed } of result.rows) {
      expect(text).toContain(
        `| ${kernel} | ${file.slice(kernel.length + 1)} | ${operations} | ${compared} | ${agreed} |`,
      );
    }
    for (const { file, scenario, op } of result.disagreements)
      expect(text).toContain(`| ${file} | ${scenario} | ${op} |`);
  });
});

describe("the comparison tells kernels apart", () => {
  /** The recordings of one kernel, as if they were another's. */
  const as = (kernel: string, recorded: readonly NamedRecording[]): ConformResult =>
    conform(recorded.map((named) => ({ ...named, kernel })));

  it.each([
    ["5.10.223-prefix", "5.10.223"],
    ["5.10.223", "5.10.223-prefix"],
    ["6.1.192", "5.10.223"],
    ["7.3.4", "6.1.192"],
    ["6.1.192", "7.3.4"],
  ])("%s is not %s", (recorded, played) => {
    expect(shareOf(as(played, ofKernel(recorded)))).toBeLessThan(96);
  });

  it("a stable release is its branch and what that had taken over by then", () => {
    const old = as("5.10.60", one("5.10.223-prefix/i_stale"));
    expect(shareOf(old)).toBeGreaterThan(95);
    expect(shareOf(as("6.1.100", one("6.1.192/a_share")))).toBeLessThan(95);
  });

  it("a kernel whose name is no edition is played by its version, and the result says so", () => {
    expect(editionOf("linux-6.12.43-debian", "x")).toMatchObject({ edition: { name: "6.12.43" }, note: /6\.12\.43/ });
    expect(() => editionOf("mainline", "golden/mainline")).toThrow(/has no version number/);
  });
});

describe("bad recordings", () => {
  it("are one clear line each", async () => {
    await expect(loadRecordings("/nowhere/at/all")).rejects.toThrow("there is no such file or folder");
    await expect(loadRecordings(`${new URL("..", import.meta.url).pathname}conform`)).rejects.toThrow("no recording");
    await expect(loadRecordings(new URL("../../package.json", import.meta.url).pathname)).rejects.toThrow(
      "meta is missing",
    );
  });
});
