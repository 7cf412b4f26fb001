/** fuzzOne: any bytes run, the same bytes run the same, and a program is the same race as a scenario. */
import { describe, expect, it } from "vitest";
import { FuzzWord, LOAD_CALL, MMAP_CALL, MREMAP_CALL, MUNMAP_CALL } from "../../assembly/abi/fuzz.js";
import { chooseBackend, chooseEdition } from "../../src/explore/choose.js";
import { enabledAgents, restart } from "../../src/explore/path.js";
import { stage } from "../../src/explore/stage.js";
import { Campaign } from "../../src/fuzz/campaign.js";
import { arenaFor, type FuzzOneResult, fuzzOne } from "../../src/fuzz/one.js";
import { agentOn, readProgram, scenarioOf } from "../../src/fuzz/program.js";
import { drawsOf, randomCalls, themes } from "../../src/fuzz/table.js";
import { calls } from "../../src/kernel/calls.js";
import { kindName } from "../../src/names.js";
import type { Case } from "../../src/scenarios/scenario.js";
import { random } from "../core/agreement.js";

function bytesOf(seed: number): Uint8Array {
  const draw = random(seed);
  return Uint8Array.from({ length: draw(300) }, () => draw(256));
}

/** Inputs that a short campaign has found something with. */
function finds(backend: string): Uint8Array[] {
  const campaign = new Campaign({ edition: "5.15", backend, seed: 11 });
  campaign.slice(4000);
  return campaign.findings().map(({ input }) => Uint8Array.from(Buffer.from(input, "hex")));
}

const summary = (result: FuzzOneResult) => ({
  steps: result.steps,
  violations: result.violations,
  program: result.program,
  schedule: result.schedule,
  hash: result.hash,
});

describe("fuzzOne", () => {
  it("runs any bytes, and its canonical bytes run the same", () => {
    let steps = 0;
    let broken = 0;
    for (const bytes of [...Array.from({ length: 400 }, (_, seed) => bytesOf(seed)), ...finds("x86")]) {
      const first = fuzzOne(bytes, { edition: "5.15" });
      expect(summary(fuzzOne(first.canonical, { edition: "5.15" }))).toEqual(summary(first));
      steps += first.steps;
      broken += first.violations.length;
    }
    expect(steps).toBeGreaterThan(4000);
    expect(broken).toBeGreaterThan(0);
  });

  it("takes nothing, one byte, ones, zeros, and more than it reads", () => {
    for (const length of [0, 1, 7, 8, 9, 200, 4096, 100_000]) {
      for (const fill of [0, 1, 0x7f, 0xff]) {
        const result = fuzzOne(new Uint8Array(length).fill(fill));
        expect(result.steps).toBeLessThanOrEqual(1500);
        expect(result.program.tasks.length).toBe(1 + ((length > 0 ? fill : 0) % 3));
      }
    }
  });

  it("refuses an edition that does not exist", () => {
    expect(() => fuzzOne(new Uint8Array(0), { edition: "soon" })).toThrow(/there is no edition/);
  });
});

/** The run of `result` on a machine that is staged like a scenario's. */
function asScenario(result: FuzzOneResult): { steps: number; kinds: string[] } {
  const scenario = scenarioOf(result.program);
  const [edition, backend] = [chooseEdition(result.edition), chooseBackend(result.backend)];
  const machine = stage({ scenario, which: scenario.cases[0] as Case, edition, backend });
  restart(machine);
  const choices = result.schedule.map((agent) => agentOn(result.program.tasks.length, agent));
  let steps = 0;
  for (
    let enabled = enabledAgents(machine);
    enabled.length > 0 && steps < result.steps;
    enabled = enabledAgents(machine)
  ) {
    const agent = enabled.length > 1 ? choices.shift() : enabled[0];
    if (agent === undefined) break;
    machine.core.call.stepAgent(agent);
    steps++;
  }
  return { steps, kinds: machine.violations().map((violation) => kindName(violation.kind)) };
}

describe("a program", () => {
  it("is the same race on the fuzzer's machine and staged as a scenario", () => {
    let compared = 0;
    for (const backend of ["x86", "arm64"]) {
      for (const bytes of [...Array.from({ length: 100 }, (_, seed) => bytesOf(seed)), ...finds(backend)]) {
        const result = fuzzOne(bytes, { edition: "5.15", backend });
        const kinds = result.violations.map((violation) => violation.kind);
        if (kinds.includes("DEADLOCK")) continue;
        expect(asScenario(result)).toEqual({ steps: result.steps, kinds });
        compared += result.violations.length;
      }
    }
    expect(compared).toBeGreaterThan(5);
  });

  it("is read back from the core's own decoding", () => {
    const arena = arenaFor("5.15", "x86");
    // Two tasks of A and B; A maps the whole first file at 1 GiB, B touches nothing, and B punches a hole.
    const call = (...bytes: number[]) => [...bytes, ...Array(8 - bytes.length).fill(0)];
    arena.write(Uint8Array.from([1, 0, 1, 3, 3, 1, 1, 0, ...call(0, 0, 4, 1), ...call(4, 1, 1, 0, 0)]));
    arena.machine.core.call.fuzzInput();
    const program = readProgram(arena);
    expect(program.cpus).toEqual(["A", "B", null, null]);
    expect(program.setup).toEqual([
      {
        cpu: 0,
        mm: "A",
        calls: [{ call: "mmap", args: { start: 4, end: 12, file: 1, offset: 0, flags: 28, prot: 3 } }],
      },
    ]);
    expect(program.tasks.map((task) => task.calls.map(({ call: name }) => name))).toEqual([[], ["punch"]]);
    expect(arena.get(FuzzWord.TASKS)).toBe(2);
  });
});

describe("the table of calls", () => {
  it("keeps the numbers that inputs name calls by: new calls go to the end", () => {
    const names = themes.map((theme) => theme.calls.map((call) => call.name));
    const [hugetlb] = names;
    const places = [MMAP_CALL, MUNMAP_CALL, MREMAP_CALL, LOAD_CALL];
    expect(places.map((place) => hugetlb?.[place])).toEqual(["mmap", "munmap", "mremap", "load"]);
    expect(hugetlb?.slice(0, 17)).toEqual([
      "mmap",
      "munmap",
      "exit",
      "truncate",
      "punch",
      "mprotect",
      "mremap",
      "migrate",
      "poison",
      "dontneed",
      "load",
      "store",
      "switch",
      "idle",
      "clear-refs",
      "fail-batches",
      "ftruncate",
    ]);
  });

  it("has every call of the listings in some theme, but for those that only order the tasks of a scenario", () => {
    const drawn = new Set(themes.flatMap((theme) => theme.calls));
    const left = calls.filter((call) => !drawn.has(call)).map((call) => call.name);
    // Each program about guests begins with kvm-create.
    expect(left).toEqual(["await-clear", "await-zapped", "kvm-create"]);
  });

  it("draws every argument of every call", () => {
    for (const call of randomCalls) {
      const drawn = drawsOf(call).length;
      expect(drawn, call.name).toBeGreaterThanOrEqual(Object.keys(call.arguments).length === 0 ? 0 : 1);
    }
  });
});
