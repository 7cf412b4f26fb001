/**
 * docs/open-questions.md against the newest edition: every scenario, every machine.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { releases } from "../../src/kernel/editions.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/open-questions.md", import.meta.url)), "utf8");
const newest = releases.at(-1)?.name ?? "";

/** "scenario machine KIND" for each row of the tables. */
function listed(): string[] {
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  return rows.flatMap(([, scenario, machines = "", kinds = ""]) => {
    const names = machines.trim() === "all" ? backends.map((backend) => backend.name) : machines.trim().split(/, */);
    return names.flatMap((machine) =>
      kinds
        .trim()
        .split(/, */)
        .map((kind) => `${scenario} ${machine} ${kind}`),
    );
  });
}

describe("docs/open-questions.md", () => {
  it(`lists exactly what ${newest} still shows, in all scenarios on all machines`, async () => {
    const { results } = await check({ editions: [newest] });
    expect(results.filter((row) => !row.complete)).toEqual([]);
    const found = results.flatMap((row) => row.violations.map((v) => `${row.scenario} ${row.backend} ${v.kind}`));
    expect([...new Set(found)].sort()).toEqual(listed().sort());
    expect(results.flatMap((row) => row.violations.filter((v) => !v.confirmed))).toEqual([]);
  }, 120_000);

  it("tells the truth about what would repair questions 1 and 2", async () => {
    const lazy = await check({ scenarios: ["lazy-walk", "lazy-unshare"], editions: ["7.1-unshared-lazy"] });
    const batch = await check({ scenarios: ["reclaim-writeback"], editions: ["7.1-reclaim-at-once"] });
    const rows = [...lazy.results, ...batch.results];
    expect(rows.length).toBeGreaterThan(2 * backends.length);
    expect(rows.filter((row) => row.verdict !== "holds")).toEqual([]);
  });

  it("tells the truth about 6.16: direct flushes reached lazy CPUs there", async () => {
    const { results } = await check({
      scenarios: ["lazy-unshare"],
      editions: ["6.1", "6.16", "7.0"],
      backends: ["x86"],
    });
    expect(results.map((row) => row.verdict)).toEqual(["violated", "holds", "violated"]);
  });
});
