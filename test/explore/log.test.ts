/** The log of the search's module: a step that writes a word past it could not be undone (word.ts, W1). */
import { describe, expect, it } from "vitest";
import { Base } from "../../assembly/abi/layout.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn } from "../../src/explore/check.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import { releases } from "../../src/kernel/editions.js";
import type { Machine } from "../../src/machine.js";
import { models, scenarios } from "../../src/scenarios/index.js";
import { agentsOf } from "../core/agreement.js";

/** Schedules of each scenario on each back-end. */
const RUNS = 2;
const core = openSearchCore();
let seed = 1;

/** A number below `n`, the same in every run of the test. */
function below(n: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return (seed >>> 8) % n;
}

/** Whether the log of one step, gone through backwards, gives the state before it: then nothing else has changed. */
function isUndone(machine: Machine, agent: number): boolean {
  const [from, to] = [machine.base(Base.HASHED), machine.base(Base.STATE_END)];
  const before = core.words().slice(from, to);
  const pairs = core.call.loggedStep(agent);
  const log = core.words().subarray(core.call.pathWords(), core.call.pathWords() + 2 * pairs);
  const undone = core.words().slice(from, to);
  for (let i = pairs - 1; i >= 0; i--) undone[(log[2 * i] as number) - from] = log[2 * i + 1] as number;
  return Buffer.compare(Buffer.from(undone.buffer), Buffer.from(before.buffer)) === 0;
}

describe("the log", () => {
  it.each([...scenarios, ...models].map((scenario) => [scenario.name, scenario] as const))(
    "knows every word of the state that a step of %s changes, and what it was",
    (_, scenario) => {
      let steps = 0;
      for (const [i, backend] of backends.entries()) {
        const edition = releases[i % releases.length] as (typeof releases)[0];
        const which = caseIn(scenario.cases[below(scenario.cases.length)] as (typeof scenario.cases)[0], edition);
        const machine = stage({ scenario, which, edition, backend, core });
        // Lays the log out.
        new ExhaustiveSearch(core, machine, { hardware: "oracle", memoryMib: 8, statesMax: 1 });
        for (let run = 0; run < RUNS; run++) {
          core.call.reset();
          for (let agents = agentsOf(core.call.enabledMask()); agents.length > 0; steps++) {
            if (!isUndone(machine, agents[below(agents.length)] as number))
              expect.fail(`step ${steps} of ${which.name}`);
            agents = agentsOf(core.call.enabledMask());
          }
        }
      }
      expect(steps).toBeGreaterThan(50);
    },
  );
});
