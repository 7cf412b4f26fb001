/** khugepaged: a collapse copies, keeps the table with the huge page, and leaves everything counted. */
import { describe, expect, it } from "vitest";
import { check } from "../../../src/explore/check.js";
import type { Scenario } from "../../../src/scenarios/scenario.js";
import { anon, at } from "../../../src/scenarios/words.js";

type Calls = Scenario["cases"][number]["tasks"][number]["calls"];

const collapse = { call: "collapse-huge", args: { start: at(1) } };
const dontneed = { call: "dontneed", args: { start: at(1), end: at(1, 1) } };

/** A1 and A2 are threads of A; the first GiB of A has two pages. */
const race = (first: Calls, second: Calls): Scenario => ({
  name: "collapse",
  aliases: [],
  title: "",
  bug: "open",
  commits: [],
  story: "",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A"],
  files: [1],
  setup: [{ cpu: 0, mm: "A", calls: anon(1, 2) }],
  cases: [
    {
      name: "race",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: first },
        { name: "A2", cpu: 1, mm: "A", calls: second },
      ],
    },
  ],
  always: ["UNBALANCED"],
  sometimes: [],
});

const rowOf = async (scenario: Scenario, edition: string, backend: string) => {
  const { results } = await check({ scenarios: [scenario], editions: [edition], backends: [backend] });
  const row = results[0];
  if (row === undefined) throw new Error("no result");
  return row;
};

describe("collapse_huge_page", () => {
  it.each(["x86", "arm64"])(
    "loses no page and no table, whoever touches or unmaps meanwhile, on %s",
    async (backend) => {
      for (const edition of ["6.0", "7.1"]) {
        const touching = race(
          [collapse, { call: "store", args: { start: at(1), value: 2 } }, dontneed],
          [{ call: "store", args: { start: at(1) + 1, value: 3 } }],
        );
        expect(await rowOf(touching, edition, backend)).toMatchObject({ verdict: "holds", complete: true });
        const twice = race([collapse], [collapse, dontneed]);
        expect(await rowOf(twice, edition, backend)).toMatchObject({ verdict: "holds", complete: true });
      }
    },
  );

  it("gives the table back when a page has another reference", async () => {
    const pinned = race([collapse], [{ call: "pin", args: { start: at(1) } }]);
    const row = await rowOf(pinned, "6.0", "x86");
    // Some schedules pin before the look at the references; nothing is lost in them either.
    expect(row).toMatchObject({ verdict: "holds", complete: true });
  });

  it("frees the table that it kept when the huge page goes, under a walker where nothing waits for one", async () => {
    const row = await rowOf(race([collapse, dontneed], [{ call: "pin", args: { start: at(1) } }]), "6.0", "arm64");
    expect(row.violations.map((violation) => violation.kind)).toContain("WALKER_INSIDE");
    const fixed = await rowOf(race([collapse, dontneed], [{ call: "pin", args: { start: at(1) } }]), "7.1", "arm64");
    expect(fixed).toMatchObject({ verdict: "holds", complete: true });
  });
});
