/** `run`: whole logs through the simulated kernel. The counts are golden: only a change of the model moves them. */
import { describe, expect, it } from "vitest";
import { type EditionResult, type RunOptions, type RunResult, run } from "../../src/run/run.js";
import { fileWith, fixture, inputErrorOf } from "../workload/helpers.js";

let logs = 0;

/** Runs a log that is given as lines. */
async function runLines(lines: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
  return run({ log: fileWith(`run-${logs++}.strace`, `${lines.join("\n")}\n`), ...options });
}

const edition = (result: RunResult, name: string): EditionResult => {
  const found = result.editions.find((one) => one.edition === name);
  if (found === undefined) throw new Error(`no edition ${name}`);
  return found;
};
const harmIn = (result: EditionResult): string[] =>
  result.violations.filter(({ severity }) => severity === "harm").map(({ kind }) => kind);
const kindsOf = (result: EditionResult): string[] => result.violations.map(({ kind }) => kind);

/** A GiB of huge pages at a GiB boundary, and a page in the same 512 GiB, so that no upper table goes with it. */
const MAP_GIB =
  "1 0.1 mmap(NULL, 1073741824, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_HUGETLB, -1, 0) = 0x7f0040000000";
const MAP_PAGE = "1 0.2 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000";
const FORK = "1 0.3 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f0000000010) = 2";
const CHILD_RUNS = "2 0.4 brk(NULL) = 0x555500000000";
const THREAD =
  "1 0.5 clone(child_stack=0x7f0000000ff0, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 3";
const UNMAP_GIB = "1 0.6 munmap(0x7f0040000000, 1073741824) = 0";
const gone = (pid: number): string[] => [`${pid} 0.8 exit_group(0) = ?`, `${pid} 0.9 +++ exited with 0 +++`];

describe("the recorded logs", () => {
  it("run in 5.15 and 5.16 without harm, leave nothing behind, and reach no bound", async () => {
    for (const name of ["gcc", "python", "redis", "postgres"]) {
      const result = await run({ log: fixture(name) });
      for (const one of result.editions) {
        expect(harmIn(one)).toEqual([]);
        expect(one.bounded).toEqual([]);
        expect(one.tables).toMatchObject({ now: 0, chargedNow: 0 });
        expect(one.sharing.detached).toBe(one.sharing.attached);
      }
    }
  });

  it("of postgres shares two PMD tables, and 5.15 lets go of them without a flush at every exit", async () => {
    const result = await run({ log: fixture("postgres") });
    const [before, after] = [edition(result, "5.15"), edition(result, "5.16")];
    expect(result).toMatchObject({ lines: 1444, events: 1167, failed: 53, processes: 18, backend: "x86", cpus: 4 });
    const common = { faults: 3844, ipis: 0, pagesFreed: 3759 };
    const sharing = { attached: 34, detached: 34, sharersPeak: 8 };
    expect(before).toMatchObject({ ...common, sharing, flushes: { asked: 117, full: 35 } });
    expect(after).toMatchObject({ ...common, sharing, flushes: { asked: 134, full: 52 } });
    expect(before.violations).toEqual([
      {
        kind: "FLUSH_AFTER_UNLOCK",
        severity: "protocol",
        line: 372,
        pid: 4,
        call: "exit",
        function: "unmap_single_vma",
        text: "unlock i_mmap_rwsem",
        calls: 17,
      },
    ]);
    expect(after.violations).toEqual([]);
    expect(before.calls).toMatchObject({ mmap: 4442, munmap: 267, mprotect: 40, exit: 18, store: 877, load: 2967 });
  });

  it("of postgres charge a process as many page tables as it really had", async () => {
    const result = await run({ log: fixture("postgres"), editions: ["5.16"] });
    const one = edition(result, "5.16");
    // Real processes: 108 to 136 kB (postgres-vmpte.txt).
    for (const { peakKib } of one.processes) expect(peakKib).toSatisfy((kib: number) => kib >= 108 && kib <= 136);
    expect(one.processes).toHaveLength(18);
    expect(one.tables).toMatchObject({ peak: 202, kibPeak: 808, chargedPeak: 216, freed: 471 });
  });

  it("of postgres fit into memory with every page touched", async () => {
    const result = await run({ log: fixture("postgres"), touch: "all", editions: ["5.16"] });
    const one = edition(result, "5.16");
    expect(one).toMatchObject({ faults: 316609, pagesFreed: 314671, bounded: [], violations: [] });
    expect(one.sharing).toEqual({ attached: 34, detached: 34, sharersPeak: 8 });
    expect(process.memoryUsage().rss).toBeLessThan(1.5 * 2 ** 30);
  });

  it("give the same result twice, but for the time it took", async () => {
    const timeless = (result: RunResult): unknown => ({
      ...result,
      editions: result.editions.map((one) => ({ ...one, seconds: 0 })),
    });
    const [first, second] = [await run({ log: fixture("python") }), await run({ log: fixture("python") })];
    expect(timeless(second)).toEqual(timeless(first));
  });
});

describe("sharing", () => {
  it("begins when the child of a fork runs and ends with the munmap of one sharer", async () => {
    const result = await runLines([MAP_PAGE, MAP_GIB, FORK, CHILD_RUNS, UNMAP_GIB, ...gone(2), ...gone(1)]);
    for (const one of result.editions) {
      expect(one.sharing).toEqual({ attached: 1, detached: 1, sharersPeak: 2 });
      expect(one.calls).toMatchObject({ munmap: 1, exit: 2, truncate: 1 });
    }
    expect(edition(result, "5.15").violations[0]).toMatchObject({
      kind: "FLUSH_AFTER_UNLOCK",
      line: 5,
      call: "munmap",
    });
    // The seed records the GiB before the one that it unshared; the ceiling of x86 hides it.
    expect(kindsOf(edition(result, "5.16"))).toEqual(["RANGE_NOT_RECORDED"]);
    expect(edition(result, "5.16").flushes.full).toBeGreaterThan(edition(result, "5.15").flushes.full);
  });

  it("does harm in 5.15 when a thread goes on running and the last sharer frees the pages", async () => {
    const lines = [MAP_PAGE, MAP_GIB, FORK, CHILD_RUNS, THREAD, UNMAP_GIB, ...gone(2)];
    const result = await runLines(lines);
    expect(kindsOf(edition(result, "5.15"))).toEqual(
      expect.arrayContaining(["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION"]),
    );
    const harm = edition(result, "5.15").violations.find(({ kind }) => kind === "STALE_TRANSLATION");
    expect(harm).toMatchObject({ severity: "harm", line: 7, pid: 2, calls: 1 });
    expect(harmIn(edition(result, "5.16"))).toEqual([]);
  });

  it("needs a whole aligned GiB, MAP_SHARED and a touch", async () => {
    const attached = async (line: string, options: Partial<RunOptions> = {}): Promise<number> =>
      edition(await runLines([line, FORK, CHILD_RUNS], options), "5.16").sharing.attached;
    expect(await attached(MAP_GIB)).toBe(1);
    expect(await attached(MAP_GIB, { touch: "none" })).toBe(0);
    expect(await attached(MAP_GIB.replace("0x7f0040000000", "0x7f0050000000"))).toBe(0);
    expect(await attached(MAP_GIB.replace("MAP_SHARED", "MAP_PRIVATE"))).toBe(0);
  });

  it("is found through a file of hugetlbfs, and a hole takes the pages from everybody", async () => {
    const map = (pid: number, address: string): string[] => [
      `${pid} 0.1 openat(AT_FDCWD, "/dev/hugepages/ring", O_RDWR|O_CREAT, 0600) = 5`,
      `${pid} 0.2 mmap(NULL, 1073741824, PROT_READ|PROT_WRITE, MAP_SHARED, 5, 0) = ${address}`,
    ];
    const hole = "1 0.5 fallocate(5, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 1073741824) = 0";
    const result = await runLines([...map(1, "0x7f0040000000"), ...map(2, "0x7e0080000000"), hole]);
    const one = edition(result, "5.16");
    expect(one).toMatchObject({ calls: { punch: 1 }, pagesFreed: 2 });
    expect(harmIn(one)).toEqual([]);
    expect(one.sharing).toEqual({ attached: 1, detached: 1, sharersPeak: 2 });
    expect(kindsOf(edition(result, "5.15"))).toContain("STALE_TRANSLATION");
  });
});

describe("processes", () => {
  const flags = "MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE";
  const mapMany = (pid: number): string =>
    `${pid} 0.1 mmap(NULL, 8388608, PROT_READ|PROT_WRITE, ${flags}, -1, 0) = 0x7f0000000000`;

  it("lose their address space at execve and at the end, pages and tables and all", async () => {
    const exec = '1 0.2 execve("/bin/true", ["true"], 0x7ffe00000000 /* 1 vars */) = 0';
    const one = edition(await runLines([mapMany(1), exec, MAP_PAGE]), "5.16");
    expect(one.calls).toMatchObject({ exit: 1 });
    expect(one.pagesFreed).toBe(2048);
    expect(one.processes).toEqual([{ pid: 1, line: 1, peakKib: 24 }]);
    expect(one.tables).toMatchObject({ now: 3, kibNow: 12, peak: 6, freed: 6 });
  });

  it("are interrupted on every CPU on which a thread runs, and end with the last thread", async () => {
    const unmap = "1 0.6 munmap(0x7f0000000000, 4096) = 0";
    const ends = ["3 0.7 exit(0) = ?", "3 0.8 +++ exited with 0 +++", ...gone(1)];
    const alone = edition(await runLines([MAP_PAGE, unmap]), "5.16");
    const both = edition(await runLines([MAP_PAGE, THREAD, unmap, ...ends]), "5.16");
    expect([alone.ipis, both.ipis]).toEqual([0, 1]);
    expect(both.calls).toMatchObject({ idle: 1 });
    expect(edition(await runLines([mapMany(1), THREAD, ...ends]), "5.16").calls).toMatchObject({ exit: 1, idle: 1 });
  });

  it("may share their memory with a vfork child until it calls execve", async () => {
    const vfork = ["1 0.2 vfork() = 2", '2 0.3 execve("/bin/true", ["true"], 0x7ffe00000000 /* 1 vars */) = 0'];
    const one = edition(await runLines([mapMany(1), ...vfork, ...gone(2)]), "5.16");
    expect(one.pagesFreed).toBe(0);
    expect(one.calls.exit).toBeUndefined();
    expect(one.tables.now).toBe(6);
  });

  it("that end leave room for others: numbers of address spaces come back", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => [mapMany(i + 1), ...gone(i + 1)]).flat();
    const one = edition(await runLines(lines, { cpus: 2 }), "5.16");
    expect(one).toMatchObject({ pagesFreed: 40 * 2048, bounded: [], violations: [] });
    expect(one.tables).toMatchObject({ now: 0, peak: 6 });
  });
});

describe("memory calls", () => {
  it("flush when mprotect takes the write right from a page that was touched, and not otherwise", async () => {
    const protect = "1 0.3 mprotect(0x7f0000000000, 4096, PROT_READ) = 0";
    expect(edition(await runLines([MAP_PAGE, protect]), "5.16").flushes.asked).toBe(1);
    expect(edition(await runLines([MAP_PAGE, protect], { touch: "none" }), "5.16").flushes.asked).toBe(0);
  });

  it("touch memory that mprotect opens", async () => {
    const arena = "1 0.1 mmap(NULL, 67108864, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000";
    const open = "1 0.2 mprotect(0x7f0000000000, 135168, PROT_READ|PROT_WRITE) = 0";
    expect(edition(await runLines([arena]), "5.16").faults).toBe(0);
    expect(edition(await runLines([arena, open]), "5.16").faults).toBe(1);
  });

  it("give the heap back when brk shrinks it", async () => {
    const brk = ["1 0.1 brk(NULL) = 0x1000000", "1 0.2 brk(0x1100000) = 0x1100000", "1 0.3 brk(0x1080000) = 0x1080000"];
    const one = edition(await runLines(brk, { touch: "all" }), "5.16");
    expect(one).toMatchObject({ faults: 256, pagesFreed: 128, calls: { munmap: 1 } });
  });

  it("move what was touched when mremap moves a mapping", async () => {
    const move = "1 0.3 mremap(0x7f0000000000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f0100000000";
    const one = edition(await runLines([MAP_PAGE, move, "1 0.4 munmap(0x7f0100000000, 8192) = 0"]), "5.16");
    expect(one).toMatchObject({ faults: 3, pagesFreed: 3, calls: { mmap: 2, munmap: 2 } });
    expect(one.tables.now).toBe(0);
  });

  it("keep private huge pages to themselves and free them with the last mapping", async () => {
    const map = MAP_GIB.replace("MAP_SHARED", "MAP_PRIVATE");
    const one = edition(await runLines([map, UNMAP_GIB]), "5.16");
    expect(one).toMatchObject({ pagesFreed: 2, violations: [], sharing: { attached: 0, detached: 0 } });
  });
});

describe("options and limits", () => {
  it("stop within a moment when the signal says so", async () => {
    const signal = AbortSignal.timeout(30);
    const stopped = run({ log: fixture("python"), touch: "all", signal });
    await expect(stopped).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(run({ log: fixture("gcc"), signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
  });

  it("tell how far they are", async () => {
    const phases = new Set<string>();
    await run({ log: fixture("redis"), touch: "all", onProgress: ({ phase }) => phases.add(phase) });
    expect(phases).toContain("perform");
  });

  it("refuse names that do not exist and say which do", async () => {
    const log = fixture("gcc");
    const message = async (options: object): Promise<string> =>
      (await inputErrorOf(run({ log, ...options } as RunOptions))).message;
    expect(await message({ editions: ["4.x"] })).toMatch(/no edition "4.x"; choose 3.5, 3.6, 5.15/);
    expect(await message({ backend: "mips" })).toMatch(/no backend "mips"; choose precise, x86/);
    expect(await message({ touch: "some" })).toMatch(/no touch "some"; choose none, first, ends, all/);
    expect(await message({ cpus: 32 })).toMatch(/no cpus "32"; choose 1 to 31/);
  });

  it("refuse a log that needs more memory than there is, before they begin", async () => {
    const map =
      "1 0.1 mmap(NULL, 1099511627776, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7e0000000000";
    const error = await inputErrorOf(runLines([map], { touch: "all" }));
    expect(error.message).toMatch(/needs .*268435456 pages at one time, \d+ MiB of memory; choose a touch policy/);
    expect(edition(await runLines([map]), "5.16").faults).toBe(1);
  });

  it("refuse a log that cuts a huge page in two", async () => {
    const error = await inputErrorOf(runLines([MAP_GIB, "1 0.2 munmap(0x7f0040001000, 4096) = 0"]));
    expect(error.message).toMatch(/:2: impossible: munmap cuts a huge page in two; record it again/);
  });
});
