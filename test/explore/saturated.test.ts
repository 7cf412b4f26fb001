/**
 * The saturated machine against the enumerated one: what the kernel can come to is the same, and so is what is wrong.
 * In one search the oracle knows what TLBs may hold; in the other every walk step and every eviction is an agent, and
 * concrete TLBs say what is stale.
 *
 * Criterion: every case of every scenario whose enumerated search ends within STATES_MAX states, in its pair of
 * editions. SHOOTDOWN_SATURATED=N raises the bound and takes every back-end.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { Base, Run } from "../../assembly/abi/layout.js";
import { Cpu, Frame, Globals, Kind, Mm, Rest, USE_SHIFT } from "../../assembly/abi/records.js";
import { openSearchCore } from "../../src/core/core.js";
import { caseIn, hasPath } from "../../src/explore/check.js";
import { chooseEdition } from "../../src/explore/choose.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { type StageOptions, stage } from "../../src/explore/stage.js";
import { backends } from "../../src/kernel/arch/backends.js";
import type { Machine } from "../../src/machine.js";
import { kindNumber, type ViolationKind } from "../../src/names.js";
import { scenarios } from "../../src/scenarios/index.js";
import type { Case, Projection, Scenario } from "../../src/scenarios/scenario.js";

const core = openSearchCore();
const ASKED = process.env.SHOOTDOWN_SATURATED;
const STATES_MAX = ASKED === undefined ? 12_000 : Number(ASKED);
const chosen = backends.filter(({ name }) => ASKED !== undefined || name === "precise" || name === "x86");
const STALE: readonly ViolationKind[] = ["STALE_TRANSLATION", "STALE_WALK"];
/** Only the oracle knows promises, and that a page's content was taken. */
const ORACLE: readonly ViolationKind[] = [
  ...STALE,
  "FLUSH_AFTER_UNLOCK",
  "RANGE_NOT_RECORDED",
  "RIGHTS_OUTLIVE_CALL",
  "WRITE_LOST",
];
const maskOf = (kinds: readonly ViolationKind[]): number => kinds.reduce((mask, k) => mask | (1 << kindNumber(k)), 0);

/**
 * TLBs without limits are tagged with the mm: an ASID that two mms use one after the other, and an INVLPG that passes
 * global entries by, are known to the oracle alone.
 */
function hasOtherTags(scenario: Scenario, which: Case): boolean {
  const calls = [...which.tasks, ...scenario.setup].flatMap((task) => task.calls.map(({ call }) => call));
  return scenario.errata?.includes("invlpg-global") === true || calls.includes("asid-rollover");
}

/** Words of records that belong to the oracle: the enumerated search has none. */
function ofOracle(machine: Machine, word: number): boolean {
  const inside = (first: number, words: number, count: number, field: number): boolean =>
    word >= first && word < first + words * count && (word - first) % words === field;
  const { cpus, mms } = machine.config;
  return (
    word === machine.base(Base.HASHED) + Globals.OBLIGATIONS ||
    inside(machine.cpu(0), Cpu.WORDS, cpus, Cpu.RUNNERS) ||
    inside(machine.mm(0), Mm.WORDS, mms, Mm.HOLDERS) ||
    inside(machine.rest(0), Rest.WORDS, machine.base(Base.FRAMES), Rest.STALE)
  );
}

/** Collects a number for the kernel's part of every state. Dead tables keep their words when TLBs are concrete. */
function kernelStates(machine: Machine, seen: Set<number>): Projection {
  const [from, to] = [machine.base(Base.HASHED), machine.base(Base.TLB)];
  const words = Array.from({ length: to - from }, (_, i) => from + i).filter((word) => !ofOracle(machine, word));
  const [table, size] = [machine.base(Base.TABLE), machine.base(Base.TABLE_WORDS)];
  const places = new Map(words.map((word, i) => [word, i]));
  const kindOf = words.map((word) => {
    const frame = word >= table ? Math.floor((word - table) / size) + 1 : 0;
    return frame === 0 ? -1 : (places.get(machine.frame(frame) + Frame.USE) as number);
  });
  const pack = (value: (index: number) => number): void => {
    let a = 0x811c9dc5;
    let b = 0x1234567;
    for (let i = 0; i < words.length; i++) {
      const kind = kindOf[i] as number;
      const word = kind >= 0 && value(kind) >>> USE_SHIFT !== Kind.TABLE ? 0 : value(i);
      a = Math.imul(a ^ word, 0x01000193) ^ (a >>> 15);
      b = Math.imul((b ^ word) + i, 0x9e3779b1) ^ (b >>> 13);
    }
    // 53 bits: two of the few thousand states have the same number with a chance below one in a thousand million.
    seen.add((a >>> 0) * 2 ** 21 + (b >>> 11));
  };
  return { words, pack };
}

function explore(what: StageOptions, hardware: "oracle" | "enumerated", statesMax: number) {
  const machine = stage({ ...what, core, unlimited: hardware === "enumerated" });
  const kernel = new Set<number>();
  const projection = kernelStates(machine, kernel);
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 512, statesMax, projection });
  while (search.slice(2000) === Status.RUNNING);
  const kinds = machine.run(Run.KINDS);
  return { kernel, complete: search.complete(), kinds, states: search.figures().states };
}

/** Compares both searches of one case; undefined when the enumerated one does not end within the bound. */
function compare(what: StageOptions) {
  const concrete = explore(what, "enumerated", STATES_MAX);
  if (!concrete.complete) return undefined;
  const oracle = explore(what, "oracle", 1e6);
  const differing = [...concrete.kernel].filter((state) => !oracle.kernel.has(state)).length;
  const stale = (kinds: number): boolean => (kinds & maskOf(STALE)) !== 0;
  return {
    kernel: [oracle.complete, concrete.kernel.size - oracle.kernel.size, differing],
    facts: (oracle.kinds ^ concrete.kinds) & ~maskOf(ORACLE),
    stale: [stale(oracle.kinds), stale(concrete.kinds)],
    grows: concrete.states > oracle.states,
  };
}

const compared = new Set<string>();
const vulnerable = new Set<string>();

describe("saturated hardware", () => {
  it.each(scenarios.filter((s) => s.machine?.oracle !== false).map((s) => [s.name, s] as const))(
    "of %s gives the kernel states and the verdicts of enumerated hardware",
    (name, scenario) => {
      for (const edition of [scenario.vulnerable ?? "5.15", scenario.fixed ?? "5.16"].map((edition) =>
        chooseEdition(edition),
      )) {
        for (const backend of chosen) {
          for (const which of scenario.cases.filter((one) => hasPath(one, edition))) {
            const found = compare({ scenario, which: caseIn(which, edition), edition, backend });
            if (found === undefined) continue;
            const place = `${which.name} in ${edition.name} on ${backend.name}`;
            expect(found.kernel, place).toEqual([true, 0, 0]);
            expect(found.facts, place).toBe(0);
            if (hasOtherTags(scenario, which)) expect(found.stale[1], place).toBe(false);
            else expect(found.stale[0], place).toBe(found.stale[1]);
            if (!hasOtherTags(scenario, which)) expect(found.grows, place).toBe(true);
            compared.add(name);
            if (found.stale[1]) vulnerable.add(name);
          }
        }
      }
      expect(scenario.cases.length).toBeGreaterThan(0);
    },
  );

  it("is compared on most of the catalogue, and on races that both sides find", () => {
    expect(compared.size).toBeGreaterThanOrEqual(ASKED === undefined ? 25 : 31);
    expect(vulnerable.size).toBeGreaterThanOrEqual(10);
  });
});
