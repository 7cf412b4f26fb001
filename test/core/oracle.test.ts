/**
 * Agreement of the two oracles: the core's flush obligations and the Maps of saturated.ts, on random schedules of every
 * scenario, edition and back-end.
 *
 * At every step: stale use is reported exactly when the Maps have it; what a CPU holds beyond the tables is owed; and
 * what is owed is held.
 */
import { describe, expect, it } from "vitest";
import { stage } from "../../src/explore/stage.js";
import { type Backend, backends } from "../../src/kernel/arch/backends.js";
import { type Edition, editions, findEdition, orderOf } from "../../src/kernel/editions.js";
import { scenarios } from "../../src/scenarios/index.js";
import type { Case, Scenario } from "../../src/scenarios/scenario.js";
import { runOnce } from "./agreement.js";
import { storm } from "./storms.js";

/** Schedules of each scenario, edition and back-end. More of them: SHOOTDOWN_ORACLE_RUNS=400 npx vitest run oracle */
const RUNS = Number(process.env.SHOOTDOWN_ORACLE_RUNS ?? 10);
const STORMS = 8 * RUNS;

/** The editions that the scenario is about, or all. */
const editionsOf = (scenario: Scenario): readonly Edition[] =>
  scenario.editions?.map((name) => findEdition(name) as Edition) ?? editions;

function hasPath(which: Case, edition: Edition): boolean {
  return which.since === undefined || orderOf(edition.base) >= orderOf(which.since);
}

function compare(scenario: Scenario, which: Case, backend: Backend): { differs: string[]; stale: number } {
  const differs: string[] = [];
  let stale = 0;
  for (const edition of editionsOf(scenario).filter((candidate) => hasPath(which, candidate))) {
    const machine = stage({ scenario, which, edition, backend });
    machine.core.call.trace(1);
    for (let seed = 1; seed <= RUNS; seed++) {
      const outcome = runOnce(machine, seed);
      if (outcome.isStale) stale++;
      if (outcome.differs !== undefined) differs.push(`${edition.name}, seed ${seed}: ${outcome.differs}`);
    }
  }
  return { differs, stale };
}

describe("the core reports stale use in the very runs and steps in which saturated TLBs in Maps have it", () => {
  let staleRuns = 0;
  for (const scenario of scenarios) {
    for (const which of scenario.cases) {
      for (const backend of backends) {
        it(`${scenario.name}, ${which.name}, ${backend.name}`, () => {
          const { differs, stale } = compare(scenario, which, backend);
          staleRuns += stale;
          expect(differs.slice(0, 3)).toEqual([]);
        });
      }
    }
  }

  for (const backend of backends) {
    it(`random programs, ${backend.name}`, () => {
      const differs: string[] = [];
      for (let seed = 1; seed <= STORMS; seed++) {
        const scenario = storm(seed);
        const edition = editions[seed % editions.length] as Edition;
        const machine = stage({ scenario, which: scenario.cases[0] as Case, edition, backend });
        machine.core.call.trace(1);
        for (let run = 1; run <= 4; run++) {
          const outcome = runOnce(machine, run);
          if (outcome.isStale) staleRuns++;
          if (outcome.differs !== undefined)
            differs.push(`${scenario.name}, ${edition.name}, seed ${run}: ${outcome.differs}`);
        }
      }
      expect(differs.slice(0, 6)).toEqual([]);
    });
  }

  it("and such runs were among them", () => {
    expect(staleRuns).toBeGreaterThan(0);
  });
});
