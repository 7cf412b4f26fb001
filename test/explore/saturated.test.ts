/**
 * The saturated machine against the enumerated one: what the kernel can come to is the same, and so is whether anybody
 * could use a freed frame. In one search the oracle knows what TLBs may hold; in the other every walk step and every
 * eviction is an agent, and concrete TLBs say what is stale.
 */
import { describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi/events.js";
import { Base, Run } from "../../assembly/abi/layout.js";
import { Cpu, Frame, Globals, Kind, Mm, Rest, USE_SHIFT } from "../../assembly/abi/records.js";
import { openSearchCore } from "../../src/core/core.js";
import { ExhaustiveSearch } from "../../src/explore/search.js";
import { stage } from "../../src/explore/stage.js";
import { findBackend } from "../../src/kernel/arch/backends.js";
import { findEdition } from "../../src/kernel/editions.js";
import type { Machine } from "../../src/machine.js";
import { kindNumber, type ViolationKind } from "../../src/names.js";
import { findScenario } from "../../src/scenarios/index.js";
import type { Projection } from "../../src/scenarios/scenario.js";

const core = openSearchCore();
const STALE: readonly ViolationKind[] = ["STALE_TRANSLATION", "STALE_WALK"];

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

/** Collects the kernel's part of every state as text. Dead tables keep their words when TLBs are concrete. */
function kernelStates(machine: Machine, seen: Set<string>): Projection {
  const [from, to] = [machine.base(Base.HASHED), machine.base(Base.TLB)];
  const words = Array.from({ length: to - from }, (_, i) => from + i).filter((word) => !ofOracle(machine, word));
  const [table, size] = [machine.base(Base.TABLE), machine.base(Base.TABLE_WORDS)];
  const places = new Map(words.map((word, i) => [word, i]));
  const kindOf = words.map((word) => {
    const frame = word >= table ? Math.floor((word - table) / size) + 1 : 0;
    return frame === 0 ? -1 : (places.get(machine.frame(frame) + Frame.USE) as number);
  });
  const pack = (value: (index: number) => number): bigint => {
    const text = words.map((_, i) =>
      (kindOf[i] as number) >= 0 && value(kindOf[i] as number) >>> USE_SHIFT !== Kind.TABLE ? 0 : value(i),
    );
    seen.add(text.join());
    return 0n;
  };
  return { words, pack };
}

function explore(name: string, edition: string, backend: string, hardware: "oracle" | "enumerated") {
  const scenario = findScenario(name);
  const which = scenario?.cases[0];
  const [found, machineKind] = [findEdition(edition), findBackend(backend)];
  if (!scenario || !which || !found || !machineKind) throw new Error(`there is no ${name} ${edition} ${backend}`);
  const unlimited = hardware === "enumerated";
  const machine = stage({ scenario, which, edition: found, backend: machineKind, core, unlimited });
  const kernel = new Set<string>();
  const projection = kernelStates(machine, kernel);
  const search = new ExhaustiveSearch(core, machine, { hardware, memoryMib: 1024, statesMax: 3e6, projection });
  while (search.slice(4000) === Status.RUNNING);
  const kinds = machine.run(Run.KINDS);
  return {
    kernel,
    complete: search.complete(),
    stale: STALE.some((kind) => (kinds >>> kindNumber(kind)) & 1),
    states: search.figures().states,
  };
}

describe("saturated hardware", () => {
  it.each([
    ["seed", "5.15", "x86"],
    ["seed", "5.16", "x86"],
    ["seed", "5.15", "precise"],
    ["seed", "5.16", "precise"],
  ])("of %s in %s on %s gives the kernel states and the verdict of enumerated hardware", (name, edition, backend) => {
    const oracle = explore(name, edition, backend, "oracle");
    const concrete = explore(name, edition, backend, "enumerated");
    expect([oracle.complete, concrete.complete]).toEqual([true, true]);
    expect(concrete.kernel.size).toBe(oracle.kernel.size);
    expect([...concrete.kernel].filter((state) => !oracle.kernel.has(state)).length).toBe(0);
    expect(concrete.stale).toBe(oracle.stale);
    expect(concrete.states).toBeGreaterThan(2 * oracle.states);
  });
});
