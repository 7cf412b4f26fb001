/** The log of the search's module: a step that writes a word past it could not be undone (word.ts, W1). */
import { describe, expect, it } from "vitest";
import { Base } from "../../assembly/abi/layout.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn } from "../../src/explore/check.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { releases } from "../../src/kernel/editions.js";
import { models, scenarios } from "../../src/scenarios/index.js";
import { agentsOf } from "../core/agreement.js";

const RUNS = 4;
const core = openSearchCore();
let seed = 1;

/** A number below `n`, the same in every run of the test. */
function below(n: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % n;
}

describe("the log", () => {
  it.each([...scenarios, ...models].map((scenario) => [scenario.name, scenario] as const))(
    "knows every word of the state that a step of %s changes, and what it was",
    (_, scenario) => {
      let steps = 0;
      for (const edition of releases) {
        for (const backend of backends) {
          const which = caseIn(scenario.cases[below(scenario.cases.length)] as (typeof scenario.cases)[0], edition);
          const machine = stage({ scenario, which, edition, backend, core });
          // Lays the log out.
          new ExhaustiveSearch(core, machine, { hardware: "oracle", memoryMib: 8, statesMax: 1 });
          const [from, to] = [machine.base(Base.HASHED), machine.base(Base.STATE_END)];
          for (let run = 0; run < RUNS; run++) {
            core.call.reset();
            for (let agents = agentsOf(core.call.enabledMask()); agents.length > 0; ) {
              const before = core.words().slice(from, to);
              const pairs = core.call.loggedStep(agents[below(agents.length)] as number);
              const log = core.words().subarray(core.call.pathWords(), core.call.pathWords() + 2 * pairs);
              // Going back through the log gives the state before the step, and so nothing else has changed.
              const undone = core.words().slice(from, to);
              for (let i = pairs - 1; i >= 0; i--) undone[(log[2 * i] as number) - from] = log[2 * i + 1] as number;
              expect(undone).toEqual(before);
              steps++;
              agents = agentsOf(core.call.enabledMask());
            }
          }
        }
      }
      expect(steps).toBeGreaterThan(100);
    },
  );
});
