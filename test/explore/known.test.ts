/**
 * Look-ups whose answer is known: leaving them out changes no figure of a search. Compared with searches that look
 * every transition up, on the yardstick and on scenarios with pointers of several levels, tagged TLBs and reuse.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn } from "../../src/explore/check.js";
import { chooseBackend, chooseEdition, withValues } from "../../src/explore/choose.js";
import { ExhaustiveSearch, type SearchFigures, type StoreKind } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { findScenario } from "../../src/scenarios/index.js";
import { yardstick } from "../../src/scenarios/models/yardstick.js";
import type { Case, Scenario } from "../../src/scenarios/scenario.js";

const core = openSearchCore();
const STATES_MAX = 50_000;

interface Searched {
  readonly figures: SearchFigures;
  readonly complete: boolean;
}

interface Staged {
  readonly scenario: Scenario;
  readonly which: Case;
  readonly edition: string;
  readonly backend: string;
}

function search(staged: Staged, lookUpAll: boolean, store: StoreKind = "exact"): Searched {
  const [edition, backend] = [chooseEdition(staged.edition), chooseBackend(staged.backend)];
  const which = caseIn(staged.which, edition);
  const machine = stage({ scenario: staged.scenario, which, edition, backend, core, unlimited: true });
  const asked = { hardware: "enumerated", memoryMib: 128, statesMax: STATES_MAX, store, lookUpAll } as const;
  const searching = new ExhaustiveSearch(core, machine, asked);
  while (searching.slice(4000) === Status.RUNNING);
  return { figures: searching.figures(), complete: searching.complete() };
}

function compare(staged: Staged, store: StoreKind = "exact"): number {
  const [all, few] = [search(staged, true, store), search(staged, false, store)];
  expect(all.figures.known).toBe(0);
  const { known, ...rest } = few.figures;
  expect({ ...rest, known: 0 }).toEqual(all.figures);
  expect([few.complete, all.complete]).toEqual([true, true]);
  return known / rest.transitions;
}

describe("look-ups whose answer is known", () => {
  it.each([
    [3, 2, 1, "late"],
    [3, 2, 2, "missing"],
    [2, 2, 3, "fixed"],
    [4, 2, 2, "fixed"],
  ])("are most of the yardstick's at %i CPUs, %i mms, %i pages, %s", (cpus, mms, pages, variant) => {
    const scenario = withValues(yardstick, { cpus, mms, pages, variant });
    const which = scenario.cases[0] as Case;
    const share = compare({ scenario, which, edition: "5.19", backend: "x86" });
    expect(share).toBeGreaterThan(0.2);
  });

  it("are left out of a wide store too, and not where states are lost", () => {
    const scenario = withValues(yardstick, { cpus: 3, mms: 2, pages: 2, variant: "late" });
    const staged = { scenario, which: scenario.cases[0] as Case, edition: "5.19", backend: "x86" };
    expect(compare(staged, "wide")).toBeGreaterThan(0.2);
    expect(search(staged, false, "compact").figures.known).toBe(0);
  });

  it.each([
    ["walk-cache", "5.19", "x86"],
    ["walk-cache", "5.19", "precise"],
    ["lazy-unshare", "5.19", "x86"],
    ["lazy-unshare", "5.19", "precise"],
    ["fake-sharing", "5.19", "x86"],
    ["fake-sharing", "5.19", "precise"],
    ["exec-switch", "5.19", "x86"],
    ["exec-switch", "5.19", "precise"],
    ["collapse-copy", "5.19", "x86"],
    ["collapse-copy", "5.19", "precise"],
    ["batched-flush", "5.19", "x86"],
    ["batched-flush", "5.19", "precise"],
  ])("change nothing in %s, edition %s, %s", (name, edition, backend) => {
    const scenario = findScenario(name) as Scenario;
    let compared = 0;
    for (const which of scenario.cases) {
      const staged = { scenario, which, edition, backend };
      if (!search(staged, true).complete) continue;
      compare(staged);
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
  });
});
