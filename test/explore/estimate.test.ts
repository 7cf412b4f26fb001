/**
 * The estimate of how many states a search will have: on every scenario and on the yardstick, stopped at every layer,
 * the stated range holds the true number in nine of ten.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn, check, hasPath } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, withValues } from "../../src/explore/choose.js";
import { estimate } from "../../src/explore/estimate.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { type StageOptions, stage } from "../../src/explore/stage.js";
import { scenarios } from "../../src/scenarios/index.js";
import { yardstick } from "../../src/scenarios/models/yardstick.js";

const core = openSearchCore();

/** States known when each layer began, and in the end. */
function layersOf(what: StageOptions, hardware: "oracle" | "enumerated") {
  const machine = stage({ ...what, core, unlimited: hardware === "enumerated" });
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 256, statesMax: 1e6 });
  while (search.slice(4000) === Status.RUNNING);
  expect(search.complete()).toBe(true);
  return search.figures();
}

interface Tally {
  estimates: number;
  inside: number;
  /** Stops after more than nine tenths without an estimate. */
  late: number;
}

function judge({ layers, states }: { layers: readonly number[]; states: number }, tally: Tally): void {
  layers.forEach((seen, i) => {
    const found = estimate(layers.slice(0, i + 1));
    if (found === undefined) {
      if (i > 8 && seen > 100 && seen > 0.95 * states) tally.late++;
      return;
    }
    tally.estimates++;
    if (found.low <= states && states <= found.high) tally.inside++;
    expect(found.low).toBeGreaterThanOrEqual(seen);
    expect(found.high).toBeGreaterThan(found.low);
  });
}

describe("the estimate of a search", () => {
  it("holds the true number in its range, in nine of ten stops of the scenarios' searches", () => {
    const tally: Tally = { estimates: 0, inside: 0, late: 0 };
    for (const scenario of scenarios.filter((s) => s.machine?.oracle !== false)) {
      for (const name of new Set([scenario.vulnerable ?? "5.15", scenario.fixed ?? "5.16"])) {
        const edition = chooseEdition(name);
        for (const which of scenario.cases.filter((one) => hasPath(one, edition))) {
          const what = { scenario, which: caseIn(which, edition), edition, backend: chooseBackend("x86") };
          judge(layersOf(what, "oracle"), tally);
        }
      }
    }
    expect(tally.estimates).toBeGreaterThan(500);
    expect(tally.inside / tally.estimates).toBeGreaterThanOrEqual(0.9);
    expect(tally.late).toBe(0);
  });

  it("does so on the yardstick, with enumerated hardware", () => {
    const tally: Tally = { estimates: 0, inside: 0, late: 0 };
    const sizes = [
      [3, 2, 2],
      [4, 2, 2],
      [5, 2, 1],
    ] as const;
    for (const [cpus, mms, pages] of sizes) {
      for (const variant of ["fixed", "late", "missing"]) {
        const scenario = withValues(yardstick, { cpus, mms, pages, variant });
        const which = scenario.cases[0] as (typeof scenario.cases)[number];
        const what = { scenario, which, edition: chooseEdition("5.19"), backend: chooseBackend("x86") };
        judge(layersOf(what, "enumerated"), tally);
      }
    }
    expect(tally.estimates).toBeGreaterThan(80);
    expect(tally.inside / tally.estimates).toBeGreaterThanOrEqual(0.9);
  });

  it("is not given before it can be, and is about right for a bell", () => {
    const bell = Array.from({ length: 41 }, (_, i) => Math.round(1000 * Math.exp(-(((i - 20) / 6) ** 2))));
    const known = bell.map((_, i) => bell.slice(0, i + 1).reduce((a, b) => a + b, 0));
    const total = known.at(-1) as number;
    expect(estimate(known.slice(0, 6))).toBeUndefined();
    expect(estimate(known.slice(0, 16))).toBeUndefined();
    const found = estimate(known.slice(0, 25));
    expect(found?.states).toBeGreaterThan(0.9 * total);
    expect(found?.states).toBeLessThan(1.1 * total);
  });

  it("stands in a result that was cut short late enough", async () => {
    const asked = { scenarios: ["yardstick"], set: { cpus: 4, mms: 2, pages: 2 }, hardware: "enumerated" as const };
    const [early, late] = [await check({ ...asked, bound: 200 }), await check({ ...asked, bound: 36_000 })];
    expect(early.results[0]).toMatchObject({ verdict: "bounded" });
    expect(early.results[0]?.estimate).toBeUndefined();
    expect(late.results[0]?.estimate?.low).toBeLessThanOrEqual(40_248);
    expect(late.results[0]?.estimate?.high).toBeGreaterThanOrEqual(40_248);
  });
});
