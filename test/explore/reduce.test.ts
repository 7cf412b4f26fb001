/**
 * Leaving schedules out must lose nothing: with and without it, each scenario shows the same kinds of violations, the
 * same verdict, the same events that must sometimes happen, hides mistakes for the same reasons, and ends in the same
 * outcomes.
 */

import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn, check } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, chooseScenario, withValues } from "../../src/explore/choose.js";
import type { ReductionName } from "../../src/explore/reductions.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import * as schemas from "../../src/report/schema.js";
import { pairOf, scenarios } from "../../src/scenarios/index.js";
import type { Case, Scenario, Values } from "../../src/scenarios/scenario.js";

const core = openSearchCore(true);

interface What {
  readonly scenario: Scenario;
  readonly which: Case;
  readonly edition: string;
  readonly backend: string;
}

function searched({ scenario, which, edition, backend }: What, reduce: ReductionName) {
  const found = chooseEdition(edition, scenario);
  const machine = stage({
    scenario,
    which: caseIn(which, found),
    edition: found,
    backend: chooseBackend(backend),
    core,
  });
  const search = new ExhaustiveSearch(core, machine, { hardware: "oracle", memoryMib: 64, statesMax: 1e6, reduce });
  while (search.slice(10_000) === Status.RUNNING);
  const result = {
    complete: search.complete(),
    kinds: machine.run(Run.KINDS),
    sometimes: machine.run(Run.SOMETIMES),
    hidden: machine.run(Run.HIDDEN),
    outcomes: `${core.call.outcomesSeen()} ${core.call.outcomesSum()}`,
  };
  return { result, states: search.figures().states, reduction: search.reduction() };
}

/** A scenario runs on x86 and on one other machine; over all scenarios, every machine has its turn. */
const machinesOf = (index: number): string[] => [
  ...new Set(["x86", (backends[index % backends.length] as { name: string }).name]),
];

function compared(scenario: Scenario, index: number): { full: number; reduced: number } {
  let [full, reduced] = [0, 0];
  for (const edition of pairOf(scenario) ?? ["5.15", "7.1"]) {
    for (const backend of machinesOf(index)) {
      for (const which of scenario.cases) {
        const what = { scenario, which, edition, backend };
        const [all, some] = [searched(what, "none"), searched(what, "por")];
        const name = `${scenario.name} ${which.name} ${edition} ${backend}`;
        expect(some.reduction.used, name).toBe("por");
        expect(some.result, name).toEqual(all.result);
        expect(some.states, name).toBeLessThanOrEqual(all.states);
        full += all.states;
        reduced += some.states;
      }
    }
  }
  return { full, reduced };
}

describe("leaving schedules out", () => {
  const sums = { full: 0, reduced: 0 };

  it.each(scenarios.map((scenario, index) => ({ name: scenario.name, scenario, index })))(
    "loses nothing of $name",
    ({ scenario, index }) => {
      const { full, reduced } = compared(scenario, index);
      sums.full += full;
      sums.reduced += reduced;
    },
  );

  it("leaves out more than half of all states", () => {
    expect(sums.full).toBeGreaterThan(100_000);
    expect(sums.reduced / sums.full).toBeLessThan(0.5);
  });

  it.each([
    { set: { cpus: 4, mms: 3 }, which: 0, full: 7464, reduced: 1153 },
    { set: { cpus: 4, mms: 3 }, which: 1, full: 17_252, reduced: 4845 },
  ])("does the same every time, whatever was learned at random: $set, case $which", (row) => {
    const scenario = withValues(chooseScenario("seed"), row.set as Values);
    const which = scenario.cases[row.which] as Case;
    const what = { scenario, which, edition: "5.19", backend: "x86" };
    const [all, some] = [searched(what, "none"), searched(what, "por")];
    expect(some.result).toEqual(all.result);
    expect({ full: all.states, reduced: some.states }).toEqual({ full: row.full, reduced: row.reduced });
  });

  it("is said in the result, and is not in use where hardware moves by itself", async () => {
    const one = { scenarios: ["seed"], editions: ["5.19~a4a118f2eead"], backends: ["x86"] };
    const plain = (await check(one)).results[0];
    const { results } = schemas.checkOutput.parse(await check({ ...one, reduce: "por" }));
    expect(results[0]).toMatchObject({ reduce: "por", passes: expect.any(Number), verdict: plain?.verdict });
    const kinds = (row: typeof plain) => [...new Set(row?.violations.map(({ kind }) => kind))].sort();
    expect(kinds(results[0] as typeof plain)).toEqual(kinds(plain));
    expect(results[0]?.violations.every(({ confirmed }) => confirmed)).toBe(true);
    const set = { cpus: 2, mms: 2, pages: 1 };
    const enumerated = await check({ scenarios: ["yardstick"], set, hardware: "enumerated", reduce: "por" });
    expect(enumerated.results[0]).toMatchObject({ reduce: "none", spared: 0, passes: 1, verdict: "holds" });
  });
});
