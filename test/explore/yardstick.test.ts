/**
 * The yardstick in our machine, against the counts of SPIN and of an independent explorer in C: states, transitions,
 * violation instances, bad states, shortest depth, and the hash of the whole set of states.
 *
 * Three rows are larger than the limit (up to 3,044,592 states): SHOOTDOWN_YARDSTICK=all runs
 * them too, in half a minute.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { check } from "../../src/explore/check.js";

const STATES_MAX = process.env.SHOOTDOWN_YARDSTICK === "all" ? Infinity : 200_000;
const VARIANTS = ["fixed", "late", "missing"];

const path = new URL("../fixtures/yardstick.tsv", import.meta.url);
const rows = readFileSync(path, "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split("\t"));
const small = rows.filter((row) => Number(row[4]) <= STATES_MAX);

const yardstick = async (cpus: number, mms: number, pages: number, variant: string, hardware = "enumerated") => {
  const asked = { scenarios: ["yardstick"], set: { cpus, mms, pages, variant } };
  const { results } = await check({ ...asked, hardware: hardware as "enumerated" });
  return results[0] as (typeof results)[number];
};

describe("the yardstick, hardware enumerated", () => {
  it.each(small)("with %s CPUs, %s mms, %s pages, variant %s has the states that SPIN has", async (...row) => {
    const [cpus, mms, pages, variant, states, transitions, instances, bad, depth, hash] = row;
    const name = VARIANTS[Number(variant)] as string;
    const found = await yardstick(Number(cpus), Number(mms), Number(pages), name);
    expect([found.states, found.transitions, found.violationInstances, found.badStates].map(String)).toEqual([
      states,
      transitions,
      instances,
      bad,
    ]);
    expect(found.shortestBadDepth ?? "-").toEqual(depth === "-" ? "-" : Number(depth));
    expect(found.setHash).toBe(hash);
    expect([found.verdict, found.complete]).toEqual([depth === "-" ? "holds" : "violated", true]);
  });
});

describe("the yardstick, hardware saturated", () => {
  // What explore.c counts with -DSAT, where every fill that can happen has happened.
  it.each([
    [4, 2, 3, "fixed", 87],
    [4, 2, 3, "late", 507],
    [4, 2, 3, "missing", 93],
    [3, 3, 2, "late", 1158],
    [6, 2, 2, "fixed", 77],
    [6, 2, 3, "fixed", 103],
  ])("with %i CPUs, %i mms, %i pages, variant %s has %i states", async (cpus, mms, pages, variant, states) => {
    const found = await yardstick(cpus, mms, pages, variant, "saturated");
    expect([found.states, found.complete, found.verdict]).toEqual([
      states,
      true,
      variant === "fixed" ? "holds" : "violated",
    ]);
  });

  it("tells every step of the shortest way to a stale entry", async () => {
    const found = await yardstick(2, 2, 1, "late");
    const violation = found.violations.find(({ kind }) => kind === "STALE_TRANSLATION");
    expect(violation?.path).toHaveLength(found.shortestBadDepth as number);
    expect(violation?.path).toContain("A1: pud_clear(pud)");
    expect(violation?.path?.at(-1)).toBe("B1: remove_huge_page()");
  });
});
