/**
 * The range of an estimate on searches that its constants were not fitted on: other editions and machines, other sizes
 * of the yardstick, and the races of random programs, which no scenario is like.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn, hasPath } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, withValues } from "../../src/explore/choose.js";
import { estimate } from "../../src/explore/estimate.js";
import { ExhaustiveSearch, type SearchFigures } from "../../src/explore/search.js";
import { type StageOptions, stage } from "../../src/explore/stage.js";
import { fuzzOne } from "../../src/fuzz/one.js";
import { scenarioOf } from "../../src/fuzz/program.js";
import { scenarios } from "../../src/scenarios/index.js";
import { yardstick } from "../../src/scenarios/models/yardstick.js";
import type { Case } from "../../src/scenarios/scenario.js";
import { random } from "../core/agreement.js";

const core = openSearchCore();

/** A search to its end; undefined when it has more than `most` states. */
function searched(what: StageOptions, hardware: "oracle" | "enumerated", most = 200_000): SearchFigures | undefined {
  const machine = stage({ ...what, core, unlimited: hardware === "enumerated" });
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 256, statesMax: most });
  while (search.slice(4000) === Status.RUNNING);
  return search.complete() ? search.figures() : undefined;
}

/** Stops at which there was an estimate, and those whose range held the true number. */
class Tally {
  stops = 0;
  inside = 0;

  add(figures: SearchFigures | undefined): void {
    if (figures === undefined) return;
    const { layers, states } = figures;
    layers.forEach((_, i) => {
      const found = estimate(layers.slice(0, i + 1));
      if (found === undefined) return;
      this.stops++;
      if (found.low <= states && states <= found.high) this.inside++;
    });
  }

  rate = (): number => this.inside / this.stops;
}

describe("the range of an estimate that was not fitted on them", () => {
  it("holds in nine of ten stops of searches in another edition on another machine", () => {
    const tally = new Tally();
    const edition = chooseEdition("6.16");
    for (const scenario of scenarios.filter((s) => s.machine?.oracle !== false && s.fixed !== edition.name)) {
      for (const which of scenario.cases.filter((one) => hasPath(one, edition))) {
        const backend = chooseBackend("arm64-range");
        tally.add(searched({ scenario, which: caseIn(which, edition), edition, backend }, "oracle"));
      }
    }
    expect(tally.stops).toBeGreaterThan(400);
    expect(tally.rate()).toBeGreaterThanOrEqual(0.9);
  });

  it("holds on other sizes of the yardstick", () => {
    const tally = new Tally();
    for (const [cpus, mms, pages] of [
      [3, 3, 2],
      [2, 2, 3],
      [6, 2, 1],
      [4, 3, 1],
    ] as const) {
      for (const variant of ["fixed", "late"]) {
        const scenario = withValues(yardstick, { cpus, mms, pages, variant });
        const what = { scenario, edition: chooseEdition("7.1"), backend: chooseBackend("x86") };
        tally.add(searched({ ...what, which: scenario.cases[0] as Case }, "enumerated"));
      }
    }
    expect(tally.stops).toBeGreaterThan(80);
    expect(tally.rate()).toBeGreaterThanOrEqual(0.9);
  });

  it("holds on the races of random programs", () => {
    const tally = new Tally();
    const draw = random(5);
    const [edition, backend] = [chooseEdition("7.1"), chooseBackend("x86")];
    for (let i = 0; i < 150; i++) {
      const bytes = Uint8Array.from({ length: 8 + 8 * 12 }, () => draw(256));
      bytes.set([1 + draw(2) + 3 * draw(5)], 0);
      bytes.set([draw(6), 2 + draw(4)], 5);
      const run = fuzzOne(bytes, { edition: edition.name, backend: backend.name });
      if (run.steps === 0) continue;
      const scenario = scenarioOf(run.program);
      tally.add(searched({ scenario, which: scenario.cases[0] as Case, edition, backend }, "oracle", 100_000));
    }
    expect(tally.stops).toBeGreaterThan(200);
    expect(tally.rate()).toBeGreaterThanOrEqual(0.9);
  });
});
