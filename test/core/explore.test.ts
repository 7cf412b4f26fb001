/** The exhaustive search: what it logs can be followed again, and what it counts as one state is one. */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { Run } from "../../assembly/abi/layout.js";
import { Tally } from "../../assembly/abi/records.js";
import { openSearchCore } from "../../src/core/core.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { type Edition, findEdition } from "../../src/kernel/editions.js";
import type { Machine } from "../../src/machine.js";
import { seed } from "../../src/scenarios/01-seed.js";
import type { Case } from "../../src/scenarios/scenario.js";
import { agentsOf } from "./agreement.js";

function explored(): { machine: Machine; search: ExhaustiveSearch } {
  const edition = findEdition("5.15") as Edition;
  const which = seed.cases[0] as Case;
  const backend = backends[0] as (typeof backends)[number];
  const core = openSearchCore();
  const machine = stage({ scenario: seed, which, edition, backend, core });
  const search = new ExhaustiveSearch(core, machine, { hardware: "oracle", memoryMib: 64, statesMax: 1e6 });
  while (search.slice(100) === Status.RUNNING);
  return { machine, search };
}

/** Takes the machine along the path that is logged for a state; gives its length. */
function goTo(machine: Machine, search: ExhaustiveSearch, state: number): number {
  const path = search.pathTo(state) as number[];
  machine.core.call.reset();
  for (const agent of path) {
    if (!agentsOf(machine.core.call.enabledMask()).includes(agent)) throw new Error(`agent ${agent} cannot move`);
    machine.core.call.stepAgent(agent);
  }
  return path.length;
}

describe("the exhaustive search", () => {
  const { machine, search } = explored();
  const states = machine.run(Run.STATES);

  it("ends complete", () => {
    expect([machine.run(Run.STATUS), machine.run(Run.COMPLETE)]).toEqual([Status.FINISHED, 1]);
  });

  it("logs a legal path to every state, and no two of them are the same state (E1, E2)", () => {
    const hashes = new Set<string>();
    for (let state = 1; state < states; state++) {
      const length = goTo(machine, search, state);
      expect(machine.tally(Tally.STEPS)).toBe(length);
      hashes.add(machine.hash());
    }
    expect(hashes.size).toBe(states - 1);
  });
});
