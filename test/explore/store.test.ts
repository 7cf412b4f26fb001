/**
 * Stores that lose states: what they lose is what they say, measured against exact searches, and they never say that a
 * search is complete. Wide fingerprints find what narrow ones find.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { openSearchCore } from "../../src/core/core.js";
import { check } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, withValues } from "../../src/explore/choose.js";
import { ExhaustiveSearch, type SearchFigures, type StoreKind } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { yardstick } from "../../src/scenarios/models/yardstick.js";

const core = openSearchCore();

function search(set: Readonly<Record<string, number | string>>, store: StoreKind, storeKib = 0): SearchFigures {
  const scenario = withValues(yardstick, set);
  const which = scenario.cases[0] as (typeof scenario.cases)[number];
  const what = { scenario, which, edition: chooseEdition("5.19"), backend: chooseBackend("x86"), core };
  const machine = stage({ ...what, unlimited: true });
  const asked = { hardware: "enumerated", memoryMib: 256, statesMax: 1e9, store, storeKib } as const;
  const searching = new ExhaustiveSearch(core, machine, asked);
  while (searching.slice(4000) === Status.RUNNING);
  const lossy = store === "compact" || store === "bitstate";
  expect([searching.complete(), searching.stoppedBy()]).toEqual([!lossy, lossy ? "store" : undefined]);
  return searching.figures();
}

const late = { cpus: 4, mms: 2, pages: 2, variant: "late" };
const STATES = 187_512;

describe("a wide store", () => {
  it("finds what an exact one finds", () => {
    const [exact, wide] = [search(late, "exact"), search(late, "wide")];
    const { bytesPerState: narrow, ...one } = exact;
    const { bytesPerState, ...other } = wide;
    expect(other).toEqual(one);
    expect(bytesPerState).toBeCloseTo(2 * narrow, 5);
  });
});

describe("a bitstate store", () => {
  // Arrays from roomy to much too small: what is lost directly, and what could only be reached through it.
  it.each([[8192], [1024], [512], [256], [192]])("of %i KiB loses what it says", (kib) => {
    const { states, omitted } = search(late, "bitstate", kib);
    const lost = STATES - states;
    // Poisson, and a state that is lost may take others with it: up to half as many again were seen.
    expect(lost).toBeGreaterThanOrEqual(omitted - 4 * Math.sqrt(omitted) - 1);
    expect(lost).toBeLessThanOrEqual(1.6 * omitted + 4 * Math.sqrt(omitted) + 1);
  });

  it("loses next to nothing with room, and much without", () => {
    expect(search(late, "bitstate", 8192).omitted).toBeLessThan(5);
    expect(search(late, "bitstate", 192).omitted).toBeGreaterThan(1000);
  });
});

describe("a compact store", () => {
  it("takes half the memory and loses what it says", () => {
    const size = { cpus: 4, mms: 2, pages: 3, variant: "fixed" };
    const { states, omitted, bytesPerState } = search(size, "compact");
    const lost = 611_952 - states;
    expect(omitted).toBeCloseTo(2.72, 1);
    expect(lost).toBeLessThanOrEqual(1.6 * omitted + 4 * Math.sqrt(omitted) + 1);
    expect(bytesPerState).toBeLessThanOrEqual(6);
  });
});

describe("check with a store", () => {
  const asked = { scenarios: ["seed"], backends: ["x86"], witness: false };

  it("never says holds when states may be hidden, and says how many", async () => {
    for (const store of ["compact", "bitstate"] as const) {
      const { results } = await check({ ...asked, editions: ["3.5"], store });
      expect(results[0]).toMatchObject({ verdict: "bounded", complete: false, stoppedBy: "store", store });
      expect(results[0]?.expectedOmissions).toBeLessThan(1e-3);
      expect(results[0]?.states).toBe(649);
    }
  });

  it("says holds with 128 bits, with their chance of a collision, and finds harm with any store", async () => {
    const { results } = await check({ ...asked, editions: ["3.5"], store: "wide" });
    expect(results[0]).toMatchObject({ verdict: "holds", complete: true, store: "wide" });
    expect(results[0]?.collisionProbability).toBeLessThan(1e-30);
    for (const store of ["exact", "wide", "compact", "bitstate"] as const) {
      const found = await check({ ...asked, editions: ["5.15"], store });
      expect(found.results[0]?.verdict).toBe("violated");
    }
  });
});
