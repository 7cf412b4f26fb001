/** The same schedule gives the same bits: again, after a reset, on another machine, in the debug build. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Run } from "../../assembly/abi/layout.js";
import { type CoreModule, compileCore } from "../../src/core/core.js";
import { stage } from "../../src/explore/stage.js";
import { type Backend, backends } from "../../src/kernel/arch/backends.js";
import { type Edition, editions, findEdition, orderOf } from "../../src/kernel/editions.js";
import type { Machine } from "../../src/machine.js";
import { scenarios } from "../../src/scenarios/index.js";
import type { Case, Scenario } from "../../src/scenarios/scenario.js";
import { agentsOf, random } from "./agreement.js";

const STEPS_MAX = 5000;

let debug: CoreModule | undefined;

function debugModule(): CoreModule {
  debug ??= compileCore(readFileSync(new URL("../../build/core.debug.wasm", import.meta.url)));
  return debug;
}

interface Walk {
  readonly schedule: number[];
  /** Hash after every step. */
  readonly hashes: string[];
}

/** One random run from the initial state. */
function draw(machine: Machine, seed: number): Walk {
  const { call } = machine.core;
  const next = random(seed);
  const walk: Walk = { schedule: [], hashes: [] };
  call.reset();
  machine.setRun(Run.VIOLATIONS, 0);
  while (walk.schedule.length < STEPS_MAX) {
    const agents = agentsOf(call.enabledMask());
    if (agents.length === 0) break;
    const agent = agents[next(agents.length)] as number;
    call.stepAgent(agent);
    walk.schedule.push(agent);
    walk.hashes.push(machine.hash());
  }
  return walk;
}

function follow(machine: Machine, schedule: readonly number[]): string[] {
  machine.core.call.reset();
  machine.setRun(Run.VIOLATIONS, 0);
  return schedule.map((agent) => {
    machine.core.call.stepAgent(agent);
    return machine.hash();
  });
}

const cases: [Scenario, Case][] = scenarios.flatMap((scenario) =>
  scenario.cases.map((which): [Scenario, Case] => [scenario, which]),
);

function compare(scenario: Scenario, which: Case, edition: Edition, backend: Backend): void {
  const options = { scenario, which, edition, backend };
  const release = stage(options);
  const walk = draw(release, 1 + orderOf(edition.base));
  expect(walk.schedule.length).toBeGreaterThan(3);
  expect(follow(release, walk.schedule)).toEqual(walk.hashes);
  const built = stage({ ...options, module: debugModule() });
  expect(follow(built, walk.schedule)).toEqual(walk.hashes);
  expect(built.violations()).toEqual(release.violations());
}

describe("one schedule gives the same hash at every step, twice in a row and in the debug build", () => {
  for (const [scenario, which] of cases) {
    for (const backend of backends) {
      it(`${scenario.name}, ${which.name}, ${backend.name}, every edition`, () => {
        const old = which.since === undefined ? 0 : orderOf(which.since);
        for (const edition of scenario.editions?.map((name) => findEdition(name) as Edition) ?? editions) {
          if (orderOf(edition.base) >= old) compare(scenario, which, edition, backend);
        }
      });
    }
  }
});

describe("the hash", () => {
  it("tells different schedules apart", () => {
    const [scenario, which] = cases[0] as [Scenario, Case];
    const [edition, backend] = [editions[0] as Edition, backends[0] as Backend];
    const machine = stage({ scenario, which, edition, backend });
    const [a, b] = [1, 2].map((seed) => draw(machine, seed)) as [Walk, Walk];
    expect(a.schedule).not.toEqual(b.schedule);
    expect(a.hashes).not.toEqual(b.hashes);
  });

  it("holds on concrete TLBs as well", () => {
    const [scenario, which] = cases[0] as [Scenario, Case];
    for (const backend of backends) {
      const options = { scenario, which, edition: editions.at(-1) as Edition, backend, concrete: true };
      const walk = draw(stage(options), 7);
      expect(follow(stage({ ...options, module: debugModule() }), walk.schedule)).toEqual(walk.hashes);
    }
  });
});
