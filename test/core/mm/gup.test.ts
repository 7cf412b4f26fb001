/**
 * gup_fast as a walker, and who waits for it: small races of our own, searched exhaustively.
 */
import { describe, expect, it } from "vitest";
import { check } from "../../../src/explore/check.js";
import type { Scenario } from "../../../src/scenarios/scenario.js";
import { at, mapFile, munmap, touch, truncate } from "../../../src/scenarios/words.js";

const pin = { call: "pin", args: { start: at(1) } };

/** A pins a page on CPU1 while CPU0 does something to it. */
const race = (calls: Scenario["cases"][number]["tasks"][number]["calls"]): Scenario => ({
  name: "walker",
  aliases: [],
  title: "",
  bug: "open",
  commits: [],
  story: "",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [2],
  setup: [{ cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0)] }],
  cases: [
    {
      name: "pin",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls },
        { name: "A2", cpu: 1, mm: "A", calls: [pin] },
      ],
    },
  ],
  always: ["WALKER_INSIDE"],
  sometimes: ["PINNED"],
});

const rowOf = async (scenario: Scenario, edition: string, backend: string) => {
  const { results } = await check({ scenarios: [scenario], editions: [edition], backends: [backend] });
  const row = results[0];
  if (row === undefined) throw new Error("no result");
  return row;
};

describe("gup_fast", () => {
  it.each(["x86", "arm64", "x86-invlpgb"])("pins a page, and no table is freed under it, on %s", async (backend) => {
    const row = await rowOf(race([munmap(1, 1)]), "7.1", backend);
    expect(row.sometimes).toEqual({ PINNED: true });
    expect(row).toMatchObject({ verdict: "holds", complete: true });
  });

  it("looks at the entry again, so that a page that truncate frees is not pinned", async () => {
    const row = await rowOf(race([truncate(0, 2)]), "7.1", "arm64");
    expect(row).toMatchObject({ verdict: "holds", complete: true, sometimes: { PINNED: true } });
  });

  it("holds up the interrupt that an unshare waits for: nobody reuses the table before it has left", async () => {
    const { results } = await check({ scenarios: ["gup-unshared"], backends: ["arm64", "x86-invlpgb", "x86"] });
    const inside = results.filter((row) => row.violations.some((v) => v.kind === "WALKER_INSIDE"));
    expect(inside.map((row) => `${row.edition} ${row.backend}`)).toEqual([
      "6.16~1013af4f585f arm64",
      "6.16~1013af4f585f x86-invlpgb",
    ]);
  });

  it("is waited for once a gather in 7.0, when the table has become exclusive", async () => {
    const row = await rowOf(race([munmap(1, 1)]), "7.0", "arm64");
    expect(row.violations).toEqual([]);
    const shared = await check({ scenarios: ["gup-unshared"], editions: ["7.0", "7.1"], backends: ["arm64"] });
    expect(shared.results.flatMap((r) => r.violations.map((v) => v.kind))).toEqual([]);
  });
});
