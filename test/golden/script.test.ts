import { describe, expect, it } from "vitest";
import { InputError } from "../../src/error.js";
import { playScenario } from "../../src/golden/player.js";
import { parseCommand } from "../../src/golden/script.js";
import { orderOf, releases } from "../../src/kernel/editions.js";

const reject = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return "accepted";
};

const play = (...lines: string[]) => {
  const scenario = { name: "s", ops: lines.map((line) => ({ line, outcomes: [{ flushes: [] }] })) };
  return releases.slice(2).map((edition) => playScenario(scenario, { edition }));
};

describe("parseCommand", () => {
  it("reads numbers in bytes: hexadecimal, with binary suffixes, in base pages", () => {
    expect(parseCommand("P0 munmap 0x100000000000 64p", "s", 1)).toEqual({
      verb: "munmap",
      process: "P0",
      range: [0x100000000000, 0x100000000000 + 64 * 4096],
    });
    expect(parseCommand("sleep 10000", "s", 1)).toEqual({ verb: "sleep" });
    expect(parseCommand("file f0 size=2g", "s", 1)).toEqual({ verb: "file", file: "f0", size: 2 ** 31 });
  });

  it("touches every base page unless a step is given, and advises MADV_DONTNEED by default", () => {
    expect(parseCommand("P0 touch 0 8m", "s", 1)).toMatchObject({ step: 4096, read: false });
    expect(parseCommand("P0 touch 0 8m step=2m read", "s", 1)).toMatchObject({ step: 2 ** 21, read: true });
    expect(parseCommand("P0 madvise 0 64p", "s", 1)).toMatchObject({ verb: "dontneed", range: [0, 64 * 4096] });
  });

  it("refuses what it does not know, and names the line", () => {
    const remedy = "leave the scenario out";
    expect(reject(() => parseCommand("P0 mremap 0 1g to=1g", "s", 7))).toMatch(
      /^s:7: an operation that is not modelled/,
    );
    expect(reject(() => parseCommand("P0 munmap 0", "s", 1))).toContain("there is no length");
    expect(reject(() => parseCommand("P0 munmap 0 1x", "s", 1))).toContain('"1x" is not a number');
    expect(reject(() => parseCommand("P0 read t=0 cpu=3", "s", 1))).toContain("there is no a=");
    expect(reject(() => parseCommand("P0 exit now at=once", "s", 1))).toContain('"now at=" has no meaning');
    expect(reject(() => parseCommand("Q0 exit", "s", 1))).toContain(remedy);
  });
});

describe("playScenario", () => {
  it("refuses a script that names what it has not begun, or a file that is not of huge pages", () => {
    expect(reject(() => play("P0 exit"))).toContain("s:1: there is no process P0");
    expect(reject(() => play("P0 proc cpu=1", "P0 status t=0"))).toContain("s:2: there is no thread 0 of P0");
    expect(reject(() => play("P0 proc cpu=1", "P0 exit", "P0 touch 0 4k"))).toContain(
      "s:3: there is no process P0 any more",
    );
    expect(reject(() => play("file t0 size=4k"))).toContain("a file that is not on hugetlbfs is not modelled");
    expect(reject(() => play("P0 proc cpu=9"))).toContain("s:1: there is no CPU 9");
  });

  it("a thread that sleeps is not interrupted unless tables are freed, and flushes everything when it wakes", () => {
    for (const played of play(
      "P0 proc cpu=1",
      "P0 mmap 0x100000000000 4p",
      "P0 touch 0x100000000000 4p",
      "P0 spin t=0 cpu=3",
      "P0 park t=0",
      "P0 madvise 0x100000000000 1p",
      "P0 spin t=0",
    )) {
      expect(played[5]?.invalidations.map(({ cpu }) => cpu)).toEqual([1]);
      expect(played[6]?.invalidations).toEqual([{ cpu: 3, mm: "P0", address: "all" }]);
    }
  });

  it("a protection taken away shows in the flush, and page tables follow the mapping", () => {
    const tables: (boolean | undefined)[][] = [];
    for (const played of play(
      "file f0 size=8m",
      "P0 proc cpu=1",
      "P0 mmap 0x100000000000 8m file=f0 shared",
      "P0 touch 0x100000000000 8m step=2m",
      "P0 mprotect 0x100000000000 8m prot=r",
      "P0 munmap 0x100000000000 8m",
    )) {
      expect(played.map(({ ptesKb }) => ptesKb)).toEqual([undefined, 28, 28, 36, 36, 28]);
      const range = [0x100000000000, 0x100000000000 + 2 ** 23];
      const flushes = played[4]?.flushes ?? [];
      expect(flushes[0]).toMatchObject({ mm: "P0", range, strideShift: 21 });
      tables.push(flushes.map(({ freedTables }) => freedTables));
    }
    // flush_tlb_range says freed tables since 3ef938c35035 (6.15). With 8ce720d5bd91 (7.0) a gather does it, and
    // because another is open, everything goes once more.
    const wanted = (base: string): boolean[] =>
      orderOf(base) >= orderOf("7.0") ? [false, true] : [orderOf(base) >= orderOf("6.15")];
    expect(tables).toEqual(releases.slice(2).map(({ base }) => wanted(base)));
  });
});
