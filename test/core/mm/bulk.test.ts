/**
 * A bulk run leaves what the same calls leave one entry at a time, word for word.
 */
import { describe, expect, it } from "vitest";
import { Base } from "../../../assembly/abi/layout.js";
import { Globals, Rest, Tally, VmaFlag } from "../../../assembly/abi/records.js";
import { backends } from "../../../src/kernel/arch/backends.js";
import { findEdition } from "../../../src/kernel/editions.js";
import { type CallSpec, Machine } from "../../../src/machine.js";

const FIRST = 512 * 512 - 700;
const prot = VmaFlag.READ | VmaFlag.WRITE;

/** xorshift32: the same draws for both machines. */
function draws(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** Pages are touched in order, or here and there out of it, or in none: so are their frames. */
function shuffle(calls: CallSpec[], draw: (below: number) => number): void {
  for (let left = [0, 5, 2000][draw(3)] ?? 0; left > 0; left--) {
    const [a, b] = [2 + draw(calls.length - 2), 2 + draw(calls.length - 2)];
    [calls[a], calls[b]] = [calls[b] as CallSpec, calls[a] as CallSpec];
  }
}

/** Some pages touched in one or two ranges, perhaps of a file; then calls that unmap, in bulk or not. */
function leftBy(seed: number, isBulk: boolean): { words: Uint32Array; calls: string; freed: number } {
  const draw = draws(seed);
  const edition = findEdition(["3.5", "5.15", "5.16", "6.16"][draw(4)] as string);
  const backend = backends[draw(backends.length)];
  if (edition === undefined || backend === undefined) throw new Error("edition and back-end exist");
  const machine = Machine.boot({
    geometry: "x86-64",
    edition,
    backend,
    cpus: 1,
    mms: 1,
    tasks: 1,
    filePages: 64,
    tableFrames: 24,
    baseFrames: 900,
    batch: 1 + draw(600),
    reuse: (["immediate", "fifo", "never"] as const)[draw(3)] ?? "never",
    script: 1 << 16,
    obligations: 2000,
  });
  machine.core.call.loadMm(0, 0);
  machine.setFile(0, 64, 0);
  const end = FIRST + 1400;
  const file = { file: 1, offset: 0 };
  const calls: CallSpec[] = [
    { call: "mmap", args: { start: FIRST, end, prot, flags: 0 } },
    { call: "mmap", args: { start: 2 * FIRST, end: 2 * FIRST + 64, prot, flags: VmaFlag.SHARED, ...file } },
  ];
  const dense = draw(2) === 0;
  for (let page = draw(300); page < 1400 && calls.length < 800; page += dense ? 1 : 1 + draw(40)) {
    calls.push({ call: "store", args: { start: FIRST + page } });
  }
  shuffle(calls, draw);
  for (let i = draw(20); i > 0; i--) {
    calls.push({ call: draw(3) === 0 ? "store" : "load", args: { start: 2 * FIRST + draw(64) } });
  }
  // Entries that hardware does not see but the kernel has to clear.
  if (draw(2) === 0) calls.push({ call: "numa-scan", args: { start: FIRST + 100, end: FIRST + 100 + draw(900) } });
  machine.perform(0, 0, calls);
  const cut = FIRST + draw(1400);
  const scripts: readonly (readonly CallSpec[])[] = [
    [{ call: "munmap", args: { start: FIRST, end } }],
    [
      { call: "dontneed", args: { start: cut, end } },
      { call: "store", args: { start: cut } },
      { call: "munmap", args: { start: FIRST, end } },
      { call: "munmap", args: { start: 2 * FIRST, end: 2 * FIRST + 64 } },
    ],
    [
      { call: "mprotect", args: { start: FIRST, end, prot: VmaFlag.READ } },
      { call: "dontneed", args: { start: FIRST, end: cut } },
    ],
    [{ call: "exit" }],
  ];
  const script = scripts[draw(4)] ?? [];
  const freed = machine.tally(Tally.PAGES_FREED);
  expect(machine.perform(0, 0, script, 0, isBulk)).toBe(0);
  expect(machine.tally(Tally.VIOLATIONS)).toBe(0);
  const words = machine.core.words().slice(machine.base(Base.STATE), machine.base(Base.STATE_END));
  // How it got there differs, and what the oracle was told on the way and keeps of a space that is gone.
  const state = machine.base(Base.STATE);
  for (const word of [Tally.STEPS, Tally.SOMETIMES, Tally.WORDS + Globals.OBLIGATIONS]) words[word] = 0;
  words.fill(0, machine.obligation(0) - state, machine.obligation(2000) - state);
  for (let frame = 1; frame <= 924; frame++) words[machine.rest(frame) + Rest.STALE - state] = 0;
  return { words, calls: script.map(({ call }) => call).join(), freed: machine.tally(Tally.PAGES_FREED) - freed };
}

describe("a bulk run", () => {
  it("leaves the same state as an ordinary one", () => {
    let freed = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const [slow, fast] = [leftBy(seed * 7919, false), leftBy(seed * 7919, true)];
      const at = slow.words.findIndex((word, i) => word !== fast.words[i]);
      expect({ seed, calls: slow.calls, at }).toEqual({ seed, calls: slow.calls, at: -1 });
      freed += fast.freed;
    }
    expect(freed).toBeGreaterThan(5000);
  });

  it("is refused while a trace is written", () => {
    const edition = findEdition("5.16");
    const [backend] = backends;
    if (edition === undefined || backend === undefined) throw new Error("edition and back-end exist");
    const machine = Machine.boot({ geometry: "tiny", edition, backend, cpus: 1, mms: 1, tasks: 1, events: 8 });
    machine.core.call.trace(1);
    expect(machine.core.call.runInBulk(0, 100)).toBe(0);
  });
});
