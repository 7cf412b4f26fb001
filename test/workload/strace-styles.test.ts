import { describe, expect, test } from "vitest";
import { eventsOf, parse } from "./helpers.js";

const CALL = "munmap(0x1000, 4096) = 0";

describe("what stands before the call", () => {
  test.each([
    [`1 0.250000 ${CALL}`, 1, 0.25],
    [`123 ${CALL}`, 123, undefined],
    [`123   ${CALL}`, 123, undefined],
    [`[pid  123] ${CALL}`, 123, undefined],
    [`[pid 123] 10:00:01.5 ${CALL}`, 123, 36001.5],
    [`123 23:59:59 ${CALL}`, 123, 86399],
    [`4194304 1700000000.123456 ${CALL}`, 4194304, 1700000000.123456],
    [`1700000000.500000 ${CALL}`, 0, 1700000000.5],
    [`1700000000 ${CALL}`, 0, 1700000000],
    [`     0.000125 ${CALL}`, 0, 0.000125],
    [`123      0.000125 ${CALL}`, 123, 0.000125],
    [`12:00:00 (+     0.000125) ${CALL}`, 0, 43200],
    [`123<postgres> ${CALL}`, 123, undefined],
    [`[pid 123<my prog>] ${CALL}`, 123, undefined],
    [`123 [00007f3ba7211000] ${CALL}`, 123, undefined],
    [`123 [  11] ${CALL}`, 123, undefined],
    [CALL, 0, undefined],
  ])("%s", async (line, pid, time) => {
    const events = await eventsOf(line);
    expect(events).toEqual([{ kind: "munmap", pid, line: 1, time, address: 0x1000, length: 4096 }]);
  });

  test("what strace adds behind or between is skipped: -T, -y, -X verbose, -X raw", async () => {
    const [timed, named, verbose, raw] = await eventsOf(
      "1 munmap(0x1000, 4096) = 0 <0.000012>",
      "1 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</dev/hugepages/a, b>, 0) = 0x1000",
      "1 mmap(NULL, 4096, 0x1 /* PROT_READ */, 0x1 /* MAP_SHARED */, 3, 0) = 0x1000",
      "1 mmap(NULL, 4096, 0x1, 0x1, 3, 0) = 0x1000",
    );
    expect(timed?.kind).toBe("munmap");
    for (const event of [named, verbose, raw]) {
      expect(event).toMatchObject({ kind: "mmap", prot: 1, flags: 1, fd: 3, offset: 0, result: 0x1000 });
    }
  });

  test("what strace says about itself is skipped", async () => {
    const events = await eventsOf(
      "strace: Process 12 attached",
      "1 [ Process PID=12 runs in 32 bit mode. ]",
      "",
      " > /lib/libc.so.6(mmap+0x1) [0x1]",
      `1 ${CALL}`,
      "Process 12 detached",
      "strace: Process 12 detached",
    );
    expect(events.map(({ kind, line }) => [kind, line])).toEqual([["munmap", 5]]);
  });

  test("lines may end in \\r\\n", async () => {
    const { events } = await parse(`1 brk(NULL) = 0x1000\r\n1 exit_group(0) = ?\r\n1 +++ exited with 0 +++\r\n`);
    expect(events.map((event) => event.kind)).toEqual(["brk", "exit_group", "exited"]);
  });
});

describe("a call that is interrupted by another line", () => {
  test("is one event, at the line where it goes on", async () => {
    const events = await eventsOf(
      "1 0.1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>",
      "2 0.2 munmap(0x2000, 4096 <unfinished ...>",
      "2 0.3 <... munmap resumed>) = 0",
      "1 0.4 <... mmap resumed>) = 0x1000",
      "3 0.5 brk(0x3000 <unfinished ...>",
      "3 0.6 <... brk resumed> ) = 0x3000",
    );
    expect(events.map(({ kind, pid, line, time }) => [kind, pid, line, time])).toEqual([
      ["munmap", 2, 3, 0.3],
      ["mmap", 1, 4, 0.4],
      ["brk", 3, 6, 0.6],
    ]);
    expect(events[1]).toMatchObject({ length: 4096, flags: 0x22, result: 0x1000 });
  });

  test("is a failed event if its task dies in it", async () => {
    const events = await eventsOf(
      "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0 <unfinished ...>",
      "2 munmap(0x2000, 4096 <unfinished ...>",
      "1 <... mmap resumed>) = ?",
      "1 +++ killed by SIGKILL +++",
      "2 +++ killed by SIGKILL +++",
    );
    expect(events.map((event) => [event.pid, event.kind, event.kind === "failed" ? event.call : ""])).toEqual([
      [1, "failed", "mmap"],
      [1, "killed", ""],
      [2, "failed", "munmap"],
      [2, "killed", ""],
    ]);
  });

  test("is an event at once if it is an exit, and that only once", async () => {
    const events = await eventsOf(
      "2 exit(0 <unfinished ...>",
      "1 exit_group(4 <unfinished ...>",
      "2 <... exit resumed>) = ?",
      "2 +++ exited with 0 +++",
      "1 +++ exited with 4 +++",
    );
    expect(events.map(({ kind, line }) => [kind, line])).toEqual([
      ["exit", 1],
      ["exit_group", 2],
      ["exited", 4],
      ["exited", 5],
    ]);
  });

  test("goes on under another number if a thread calls execve", async () => {
    const events = await eventsOf(
      "7 futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>",
      '8 execve("/bin/true", ["true"], 0x7ffc /* 38 vars */ <pid changed to 7 ...>',
      "7 +++ superseded by execve in pid 8 +++",
      "7 <... execve resumed>) = 0",
      "7 brk(NULL) = 0x1000",
    );
    expect(events.map(({ kind, pid }) => [kind, pid])).toEqual([
      ["superseded", 7],
      ["execve", 7],
      ["brk", 7],
    ]);
    expect(events[0]).toMatchObject({ by: 8 });
  });
});

describe("a fork comes before the first event of its child (E1)", () => {
  test("also where the log has them the other way round", async () => {
    const events = await eventsOf(
      "1 vfork( <unfinished ...>",
      '2 execve("/bin/true", ["true"], 0x7ffc /* 1 var */ <unfinished ...>',
      "3 brk(NULL) = 0x9000",
      "2 <... execve resumed>) = 0",
      "2 brk(NULL) = 0x1000",
      "1 <... vfork resumed>) = 2",
      "1 brk(NULL) = 0x2000",
    );
    expect(events.map(({ kind, pid, line }) => [kind, pid, line])).toEqual([
      ["brk", 3, 3],
      ["fork", 1, 6],
      ["execve", 2, 4],
      ["brk", 2, 5],
      ["brk", 1, 7],
    ]);
  });

  test("for a child that is gone, and one whose own child is known, before the fork returns", async () => {
    const events = await eventsOf(
      "1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
      "2 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>",
      "3 brk(NULL) = 0x1000",
      "3 +++ exited with 0 +++",
      "2 <... clone resumed>) = 3",
      "2 +++ exited with 0 +++",
      "1 <... clone resumed>) = 2",
      "1 +++ exited with 0 +++",
    );
    expect(events.map(({ kind, pid }) => `${pid} ${kind}`)).toEqual([
      "1 fork",
      "2 fork",
      "3 brk",
      "3 exited",
      "2 exited",
      "1 exited",
    ]);
  });

  test("and nothing is held back for a fork that fails or whose task dies", async () => {
    for (const end of [
      "1 <... vfork resumed>) = -1 EAGAIN (Resource temporarily unavailable)",
      "1 +++ killed by SIGKILL +++",
    ]) {
      const events = await eventsOf("1 vfork( <unfinished ...>", "9 brk(NULL) = 0x1000", end, "9 brk(NULL) = 0x2000");
      expect(events.filter(({ pid }) => pid === 9).map(({ line }) => line)).toEqual([2, 4]);
      expect(events.some(({ kind }) => kind === "failed")).toBe(true);
    }
  });
});

describe("a log without -o", () => {
  test("names tasks only while there are several: the first task is 0 all along", async () => {
    const events = await eventsOf(
      "brk(NULL) = 0x1000",
      "clone(child_stack=NULL, flags=SIGCHLDstrace: Process 12 attached",
      ", child_tidptr=0x7fb1d9203e50) = 12",
      "[pid    11] munmap(0x1000, 4096 <unfinished ...>",
      "[pid    12] brk(NULL) = 0x2000",
      "[pid    12] +++ exited with 0 +++",
      "<... munmap resumed>) = 0",
      "vfork( <unfinished ...>",
      "strace: Process 13 attached",
      "[pid    13] brk(NULL) = 0x3000",
      "[pid    11] <... vfork resumed>) = 13",
      "[pid    11] +++ exited with 0 +++",
      "brk(NULL) = 0x4000",
    );
    expect(events.map(({ kind, pid }) => `${pid} ${kind}`)).toEqual([
      "0 brk",
      "0 fork",
      "12 brk",
      "12 exited",
      "0 munmap",
      "0 fork",
      "13 brk",
      "0 exited",
      "13 brk",
    ]);
  });

  test("may have a call broken by strace's own message, in the middle and before the rest", async () => {
    const events = await eventsOf(
      "1 vfork(strace: Process 5 attached",
      " <unfinished ...>",
      "5 brk(NULL) = 0x1000",
      "1 <... vfork resumed>) = 5",
    );
    expect(events.map(({ kind, pid, line }) => [kind, pid, line])).toEqual([
      ["fork", 1, 4],
      ["brk", 5, 3],
    ]);
  });
});
