/**
 * Exercises: races that no bug is named after, which walk through what the catalogue's scenarios leave out. Two threads
 * meet in one mm, ranges are cut in the middle, batches are full, pages are small, entries are moved. In an edition
 * that is right nothing happens in them; what a changed line does there, `mutate` sees.
 */
import type { CallStep, Case, Scenario } from "../scenarios/scenario.js";
import { at, exit, mapFile, munmap, READ_ONLY, READ_WRITE, sharedGib, touch } from "../scenarios/words.js";

const call = (name: string, args: Readonly<Record<string, number>>): CallStep => ({ call: name, args });
const load = (address: number): CallStep => call("load", { start: address });
const store = (address: number, value = 7): CallStep => call("store", { start: address, value });
const mapBase = (start: number, end: number): CallStep =>
  call("mmap", { start, end, file: 0, offset: 0, flags: 0, prot: READ_WRITE });
const protect = (start: number, end: number, prot: number): CallStep => call("mprotect", { start, end, prot });
const move = (start: number, end: number, to: number): CallStep => call("mremap", { start, end, to });

/** Two tasks of one mm, on CPU0 and CPU1. */
const both = (name: string, first: readonly CallStep[], second: readonly CallStep[]): Case => ({
  name,
  tasks: [
    { name: "A1", cpu: 0, mm: "A", calls: first },
    { name: "A2", cpu: 1, mm: "A", calls: second },
  ],
});

const plain = {
  aliases: [],
  bug: "none",
  commits: [],
  geometry: "tiny",
  // A is not the first mm: a register that was never set names another one.
  mms: ["Z", "A"],
  cpus: ["A", "A"],
  files: [2],
  always: [],
  sometimes: [],
} as const;

const huge: Scenario = {
  ...plain,
  name: "exercise-huge",
  title: "one mm, huge pages that nobody shares",
  story: "Two threads unmap, protect, move and touch the same huge pages.",
  setup: [{ cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] }],
  cases: [
    both("unmap-load", [munmap(1, 1)], [load(at(1, 1)), store(at(1, 0))]),
    both("unmap-twice", [munmap(1, 1)], [munmap(1, 1)]),
    both("unmap-half", [call("munmap", { start: at(1, 0), end: at(1, 1) })], [store(at(1, 1)), load(at(1, 0))]),
    both("unmap-map", [munmap(1, 1), mapFile(1, 1)], [load(at(1, 0))]),
    both("protect-store", [protect(at(1), at(2), READ_ONLY)], [store(at(1, 0)), load(at(1, 1))]),
    both("protect-back", [protect(at(1), at(2), READ_ONLY), protect(at(1), at(2), READ_WRITE)], [store(at(1, 1))]),
    both("protect-rest", [protect(at(1, 1), at(2), READ_ONLY)], [store(at(1, 0)), store(at(1, 1))]),
    both("protect-half", [protect(at(1), at(1, 1), READ_ONLY)], [store(at(1, 1)), store(at(1, 0))]),
    both("protect-unmap", [protect(at(1), at(2), READ_ONLY)], [munmap(1, 1)]),
    both("move-load", [move(at(1), at(2), at(2))], [load(at(2, 1)), load(at(1, 0))]),
    both("move-half", [move(at(1), at(1, 1), at(2, 1))], [store(at(2, 1)), load(at(1, 1))]),
    both("move-rest", [move(at(1, 1), at(2), at(2, 1))], [store(at(1, 0)), load(at(1, 1))]),
    both("move-unmap", [move(at(1), at(2), at(2))], [munmap(1, 2)]),
    both("exit-load", [exit()], [load(at(1, 1))]),
  ],
};

const crowded: Scenario = {
  ...plain,
  name: "exercise-batch",
  title: "a gather that is full after one page",
  story: "A batch of one page makes every unmap flush and free in the middle.",
  batch: 1,
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1), mapBase(at(2), at(2) + 4), store(at(2))] },
  ],
  cases: [
    both("unmap-huge", [munmap(1, 1)], [load(at(1, 1))]),
    both("unmap-base", [munmap(2, 1)], [load(at(2)), store(at(2) + 1)]),
    both("unmap-both", [munmap(1, 2)], [load(at(2))]),
    both("nested", [munmap(1, 1)], [munmap(2, 1)]),
  ],
};

const base: Scenario = {
  ...plain,
  name: "exercise-base",
  title: "base pages beside huge ones",
  story: "Two threads unmap, drop, protect and touch base pages.",
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), mapBase(at(2), at(2) + 4), store(at(2)), store(at(2) + 1)] },
  ],
  cases: [
    both("unmap-load", [munmap(2, 1)], [load(at(2)), store(at(2) + 1)]),
    both("unmap-one", [call("munmap", { start: at(2), end: at(2) + 1 })], [store(at(2) + 1), load(at(2))]),
    both("unmap-all", [munmap(1, 2)], [load(at(2))]),
    both("drop-store", [call("dontneed", { start: at(2), end: at(2) + 2 })], [store(at(2)), load(at(2) + 1)]),
    both(
      "drop-twice",
      [call("dontneed", { start: at(2), end: at(2) + 2 })],
      [call("dontneed", { start: at(2), end: at(2) + 2 })],
    ),
    both("protect-store", [protect(at(2), at(2) + 2, READ_ONLY)], [store(at(2)), load(at(2) + 1)]),
    both("protect-one", [protect(at(2), at(2) + 1, READ_ONLY)], [store(at(2) + 1), store(at(2))]),
    both("protect-rest", [protect(at(2) + 1, at(2) + 2, READ_ONLY)], [store(at(2)), store(at(2) + 1)]),
    both("move-load", [move(at(2), at(2) + 2, at(3))], [store(at(2) + 1), load(at(3))]),
    both("move-one", [move(at(2) + 1, at(2) + 2, at(3) + 1)], [store(at(2)), load(at(2) + 1)]),
    both("move-unmap", [move(at(2), at(2) + 2, at(3))], [munmap(2, 2)]),
    both("protect-mixed", [protect(at(1), at(3), READ_ONLY)], [store(at(2)), store(at(1, 0))]),
    both("exit", [exit()], [load(at(2))]),
  ],
};

const pair = (name: string, first: readonly CallStep[], second: readonly CallStep[]): Case => ({
  name,
  tasks: [
    { name: "A1", cpu: 0, mm: "A", calls: first },
    { name: "B1", cpu: 2, mm: "B", calls: second },
  ],
});

const shared: Scenario = {
  ...plain,
  ...sharedGib,
  name: "exercise-shared",
  title: "two sharers of a table at work at the same time",
  story: "One sharer unmaps, protects or moves a part or all of the GiB while the other touches or leaves it.",
  cases: [
    pair("unmap-load", [munmap(1, 1)], [load(at(1, 1)), munmap(1, 1)]),
    pair("unmap-half", [call("munmap", { start: at(1, 0), end: at(1, 1) })], [store(at(1, 0))]),
    pair("protect-load", [protect(at(1), at(2), READ_ONLY)], [store(at(1, 1))]),
    pair("protect-unmap", [protect(at(1), at(2), READ_ONLY)], [munmap(1, 1)]),
    pair("move-load", [move(at(1), at(2), at(2)), store(at(2, 1))], [load(at(1, 1))]),
    pair("move-half", [move(at(1), at(1, 1), at(2, 0))], [munmap(1, 1)]),
    pair("load-protect", [load(at(1, 1))], [protect(at(1), at(2), READ_ONLY), store(at(1, 0))]),
    pair("load-move", [store(at(1, 0))], [move(at(1), at(2), at(3)), load(at(3, 1))]),
    pair("unmap-share", [munmap(1, 1)], [mapFile(2, 1), store(at(2, 0))]),
  ],
};

export const exercises: readonly Scenario[] = [huge, crowded, base, shared];
