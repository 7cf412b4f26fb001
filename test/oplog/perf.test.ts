/**
 * The shapes that text of `perf script` and its kin really has: columns that come and go, names with blanks and
 * brackets, call chains, lost events, older and newer ways to write the same thing.
 *
 * Reference: perf-script(1), -F; kernel Documentation/trace/ftrace.rst; trace-cmd-report(1).
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LogEvent } from "../../src/oplog/events.js";
import { formOf, runFaultLog } from "../../src/oplog/log.js";
import { PerfReader } from "../../src/oplog/perf.js";
import { isPerfLine, readPerfLine } from "../../src/oplog/perf-line.js";

/** One program, event by event: the tracepoint, and its text. */
const PROGRAM: readonly (readonly [string, string, string])[] = [
  ["syscalls", "sys_exit_execve", "0x0"],
  [
    "syscalls",
    "sys_enter_mmap",
    "addr: 0x00000000, len: 0x00004000, prot: 0x00000003, flags: 0x00000022, off: 0x00000000",
  ],
  ["syscalls", "sys_exit_mmap", "0x7f041ca54000"],
  ["exceptions", "page_fault_user", "address=0x7f041ca55010 ip=0x401000 error_code=0x6"],
  ["exceptions", "page_fault_kernel", "address=0x7f041ca54008 ip=copy_to_user error_code=0x2"],
  ["syscalls", "sys_enter_munmap", "addr: 0x7f041ca54000, len: 0x00004000"],
  ["tlb", "tlb_flush", "pages:2 reason:local mm shootdown (3)"],
  ["syscalls", "sys_exit_munmap", "0x0"],
  ["syscalls", "sys_enter_exit_group", "error_code: 0x00000000"],
];

/** The same lines in the columns of each version and choice of fields. */
const SHAPES: Readonly<Record<string, (system: string, event: string, text: string) => string>> = {
  "the default": (s, e, t) => `             cc1  4711 [001]  3033773.536620: ${`${s}:${e}`.padStart(27)}: ${t}`,
  "-F pid,tid": (s, e, t) => `cc1  4700/4711  [001] 12.000001: ${s}:${e}: ${t}`,
  "--ns and a period": (s, e, t) => `cc1  4711 [001] 12.000001234:          1 ${s}:${e}: ${t}`,
  "no name": (s, e, t) => `4700/4711 [001] 12.000001: ${s}:${e}: ${t}`,
  "no time": (s, e, t) => `cc1  4711 [001] ${s}:${e}: ${t}`,
  "a name with blanks and brackets": (s, e, t) => `Web [3] Co 7  4711 [001] 12.000001: ${s}:${e}: ${t}`,
  "a name with a hyphen and a number": (s, e, t) => `worker-12 4711 [001] 12.000001: ${s}:${e}: ${t}`,
  "a name that perf did not see": (s, e, t) => `:4711  4711 [001] 12.000001: ${s}:${e}: ${t}`,
  "a modifier": (s, e, t) => `cc1  4711 [001] 12.000001: ${s}:${e}:u: ${t}`,
  "irq flags": (s, e, t) => `cc1  4711 [001] d..31 12.000001: ${s}:${e}: ${t}`,
  "brackets around the arguments": (s, e, t) => `cc1 4711 [001] 12.000001: ${s}:${e}: (${t})`,
  ftrace: (_, e, t) => `            cc1-4711    [001] d..2.    73.951222: ${e}: ${t}`,
  "ftrace with the process": (_, e, t) => `  my app-4711    (   4700) [001] d..31    73.951222: ${e}: ${t}`,
  "trace-cmd report": (_, e, t) => `             cc1-4711  [001]  4342.423: ${e}:      ${t}`,
};

const eventsOf = (lines: readonly string[]): { events: LogEvent[]; reader: PerfReader } => {
  const reader = new PerfReader();
  return { events: lines.flatMap((text, i) => reader.parse(text, i + 1) ?? []), reader };
};

const write = (shape: (typeof SHAPES)[string]): string[] => PROGRAM.map(([s, e, t]) => shape(s, e, t));

describe("text of perf script", () => {
  const expected = [
    { kind: "exec" },
    { kind: "mmap", address: 0x7f041ca54000, length: 0x4000, prot: 3, flags: 0x22, offset: 0 },
    { kind: "fault", address: 0x7f041ca55000, pages: 1, write: true, present: false, inKernel: false },
    { kind: "fault", address: 0x7f041ca54000, pages: 1, write: true, present: false, inKernel: true },
    { kind: "flush", pages: 2, reason: 3 },
    { kind: "munmap", address: 0x7f041ca54000, length: 0x4000 },
    { kind: "gone" },
  ];

  it.each(Object.entries(SHAPES))("says the same with %s", (_, shape) => {
    const lines = write(shape);
    expect(lines.filter((line) => !isPerfLine(line))).toEqual([]);
    const { events, reader } = eventsOf(lines);
    expect(events).toMatchObject(expected.map((event) => ({ ...event, pid: 4711, cpu: 1 })));
    expect([reader.lost, reader.unpaired]).toEqual([0, 0]);
  });

  it("without a CPU column is a log of one CPU", () => {
    const { events } = eventsOf(write((s, e, t) => `cc1  4711 12.000001: ${s}:${e}: ${t}`));
    expect(events).toMatchObject(expected.map((event) => ({ ...event, pid: 4711, cpu: 0 })));
  });

  it("has calls in ftrace's own form, or as numbers of raw_syscalls", () => {
    const ftrace = (text: string): string => `             cat-4711    [001] .....  6288.896762: ${text}`;
    const raw = (text: string): string => `cat  4711 [001] 12.000001: raw_syscalls:${text}`;
    const [munmap, mmap] = [expected[5], expected[1]];
    const named = [
      ftrace("sys_munmap(addr: 7f041ca54000, len: 4000)"),
      ftrace("sys_munmap -> 0x0"),
      ftrace("sys_mmap(addr: 0, len: 4000, prot: 3, flags: 22, fd: ffffffff, off: 0)"),
      ftrace("sys_mmap -> 0x7f041ca54000"),
    ];
    expect(eventsOf(named).events).toMatchObject([munmap, mmap]);
    const numbered = [
      raw("sys_enter: NR 11 (7f041ca54000, 4000, 0, 0, 0, 0)"),
      raw("sys_exit: NR 11 = 0"),
      raw("sys_enter: NR 9 (0, 4000, 3, 22, ffffffff, 0)"),
      raw(`sys_exit: NR 9 = ${0x7f041ca54000}`),
      raw("sys_enter: NR 0 (3, 7f00, 10, 0, 0, 0)"),
      raw("sys_exit: NR 0 = 16"),
      raw("sys_exit: NR 9 = -12"),
    ];
    const { events, reader } = eventsOf(numbered);
    expect(events).toMatchObject([munmap, mmap, { kind: "other" }]);
    expect(reader.unpaired).toBe(1);
  });

  it("has addresses with a letter f behind them in old versions", () => {
    const old = (address: string): string =>
      `cc1  4711 [001] 12.000001: exceptions:page_fault_user: address=${address} ip=0x7fadaba40fd8f error_code=0x6`;
    expect(eventsOf([old("0x7fadaba41008f"), old("0x404008f")]).events).toMatchObject([
      { address: 0x7fadaba41000 },
      { address: 0x404000 },
    ]);
  });

  it("may hold comments, call chains, other events and what was lost", () => {
    const noise = [
      "# ========",
      "# captured on    : Sun Nov 22 11:18:27 2026",
      "",
      "\t    7fb0a4d6297a mmap64 (/lib/x86_64-linux-gnu/libc-2.19.so)",
      "cc1  4711 [001] 12.000001:     250000 cycles:u:  7f1dde25ce22 main+0x22 (/usr/bin/cc1)",
      "cc1  4711 [001] 12.000001: sched:sched_switch: prev_comm=cc1 prev_pid=4711 ==> next_comm=swapper",
      "9777/9888 [006] 1.000000001: unknown: PERF_RECORD_LOST lost 9",
      "swapper     0 [000]     0.000000: PERF_RECORD_LOST_SAMPLES lost 4",
      "CPU:1 [LOST 7 EVENTS]",
    ];
    const { events, reader } = eventsOf(noise);
    expect(events).toEqual([]);
    expect(reader.lost).toBe(20);
  });

  it("whose other half is missing is counted, and does nothing", () => {
    const at = "cc1  4711 [001] 12.000001: ";
    const { events, reader } = eventsOf([
      `${at}syscalls:sys_exit_munmap: 0x0`,
      `${at}tlb:tlb_flush: pages:`,
      `${at}exceptions:page_fault_user: `,
      `${at}syscalls:sys_exit_read: 0x10`,
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(["other"]);
    expect(reader.unpaired).toBe(3);
  });

  it("is not what strace or a sentence says", () => {
    expect(readPerfLine('4711 12.000001 write(1, "munmap", 6) = 6')).toBeUndefined();
    expect(isPerfLine("4711 12.000001 munmap(0x7f00, 4096) = 0")).toBe(false);
    expect(isPerfLine("flush the TLB: it is late")).toBe(false);
  });
});

describe("a log of perf on disk", () => {
  it("is found behind a header and a call chain, run, and its holes are told", async () => {
    const folder = await mkdtemp(join(tmpdir(), "perf-"));
    const log = join(folder, "app.txt");
    const chain = Array.from({ length: 60 }, () => "\t    7fb0a4d6297a mmap64 (/lib/libc-2.19.so)");
    const lost = "cc1 4711 [001] 12.0: PERF_RECORD_LOST lost 3";
    const lines = ["# header", ...chain, ...write(SHAPES["the default"] as never), lost];
    try {
      await writeFile(log, `${lines.join("\n")}\n`);
      expect(await formOf(log)).toBe("perf");
      const result = await runFaultLog(log, "perf");
      expect(result).toMatchObject({ form: "perf", faults: 2, tasks: 1, lost: 3, unpaired: 0 });
      expect(result.flushes.recorded).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
