/**
 * Logs with faults: the kernel's own flushes, predicted; and the two forms of such a log.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formOf, runFaultLog } from "../../src/oplog/log.js";
import { parseOpsLine } from "../../src/oplog/ops.js";
import { PerfReader } from "../../src/oplog/perf.js";
import { isPerfLine } from "../../src/oplog/perf-line.js";

const fixture = (name: string): string => new URL(`../fixtures/oplogs/${name}`, import.meta.url).pathname;
const docs = readFileSync(new URL("../../docs/run.md", import.meta.url), "utf8");

describe("a real program's flushes", () => {
  it.each(["gcc", "python", "redis", "postgres"])("of %s are predicted, as docs/run.md says", async (name) => {
    const log = fixture(`${name}.ops.xz`);
    const form = await formOf(log);
    expect(form).toBe("ops");
    const { flushes } = await runFaultLog(log, "ops");
    const { recorded, exact, missed, extra } = flushes;
    expect(exact / recorded).toBeGreaterThan(0.98);
    expect(docs).toContain(`| ${name} | ${recorded} | ${exact} | ${missed} | ${extra} |`);
  });

  it("depend on the kernel: an old one would have flushed otherwise", async () => {
    const { flushes } = await runFaultLog(fixture("redis.ops.xz"), "ops", "5.10");
    expect(flushes.exact / flushes.recorded).toBeLessThan(0.98);
  });

  it("are not looked for in a log of strace", async () => {
    expect(await formOf(fixture("gcc.strace.xz"))).toBeUndefined();
  });

  it("need an edition that exists", async () => {
    await expect(runFaultLog(fixture("gcc.ops.xz"), "ops", "six")).rejects.toThrow('there is no edition "six"');
  });
});

describe("lines of an .ops log", () => {
  it("are calls, faults and flushes", () => {
    const parse = (text: string) => parseOpsLine(text, "log", 1);
    const common = { line: 1, pid: 3, cpu: 1 };
    expect(parse("u 3 1 7f00 2000 = 0")).toEqual({ ...common, kind: "munmap", address: 0x7f00, length: 0x2000 });
    expect(parse("c 3 1 clone3 = 12")).toEqual({ ...common, kind: "clone", child: 12, shares: true });
    expect(parse("K 3 1 7000 2 3")).toEqual({
      ...common,
      kind: "fault",
      address: 0x7000,
      pages: 2,
      write: true,
      present: true,
      inKernel: true,
    });
    expect(parse("t 3 1 3 -1")).toEqual({ ...common, kind: "flush", reason: 3, pages: -1 });
    expect(parse("m 3 1 0 1000 3 22 0 = fffffffffffffff4")).toEqual({ ...common, kind: "other" });
    expect(() => parse("u 3 1")).toThrow('"u 3 1" is no line of an .ops log');
  });
});

describe("perf script text", () => {
  const lines = `
 cc1  4711 [001]  12.000001: syscalls:sys_enter_munmap: addr: 0x7f041ca54000, len: 0x0000bf9b
 cc1  4711 [001]  12.000002:            tlb:tlb_flush: pages:12 reason:local mm shootdown (3)
 cc1  4711 [001]  12.000003:  syscalls:sys_exit_munmap: 0x0
 my app  4711 [001]  12.000004: exceptions:page_fault_user: address=0x53e010 ip=0x401000 error_code=0x7
 cc1  4711 [001]  12.000005:   syscalls:sys_enter_clone: clone_flags: 0x01200011, newsp: 0x00000000
 cc1  4711 [001]  12.000006:    syscalls:sys_exit_clone: 0x1268
 cc1  4711 [001]  12.000007:     syscalls:sys_exit_mmap: 0xfffffffffffffff4`
    .split("\n")
    .slice(1);

  it("is told by its lines, and calls become events when they return", () => {
    expect(lines.every(isPerfLine)).toBe(true);
    const reader = new PerfReader();
    const events = lines.flatMap((text, i) => reader.parse(text, i + 1) ?? []);
    const common = { pid: 4711, cpu: 1 };
    expect(events).toEqual([
      { ...common, line: 2, kind: "flush", reason: 3, pages: 12 },
      { ...common, line: 3, kind: "munmap", address: 0x7f041ca54000, length: 0xbf9b },
      {
        ...common,
        line: 4,
        kind: "fault",
        address: 0x53e000,
        pages: 1,
        write: true,
        present: true,
        inKernel: false,
      },
      { ...common, line: 6, kind: "clone", child: 0x1268, shares: false },
      { ...common, line: 7, kind: "other" },
    ]);
  });
});
