import { describe, expect, test } from "vitest";
import { openStrace } from "../../src/workload/strace.js";
import { drain, eventsOf, fileWith, inputErrorOf, parse } from "./helpers.js";

const BRK = "1 brk(NULL) = 0x1000";
const TRACED = "%memory,%process,%ipc,ftruncate,fallocate,openat,memfd_create";
const RECORD = `record one with \`strace -f -ttt -e trace=${TRACED} -o LOG PROGRAM\``;

describe("a text that is not an strace log is named", () => {
  test.each([
    ["a valgrind lackey trace, which is a memory-access trace", "I  0401ab70,3\n S 1ffefff8c8,8\n"],
    ["a valgrind lackey trace, which is a memory-access trace", " L 1ffefff8c8,8\n"],
    ["a valgrind lackey trace, which is a memory-access trace", "==12== Lackey, an example Valgrind tool\n"],
    ["the output of valgrind", "==12== Memcheck, a memory error detector\n"],
    ["the output of perf script", "postgres  1234 [001]  12.345678:    1 cycles:u:  7f31 main+0x1 (/bin/x)\n"],
    ["the output of perf script", "postgres 1234/1234 12.345678: page-faults: 7f31\n"],
    ["an ftrace log", "# tracer: nop\n#\n"],
    ["an ftrace log", "           <...>-1234  [001] d..1.  12.345678: tlb_flush: pages:1 reason:3\n"],
    ["an ltrace log", "__libc_start_main(0x401136, 1, 0x7ffd) = 0\n"],
    ["an ltrace log", "[pid 12] malloc(24) = 0x55d0c0\n"],
    ["an ltrace log", '12 10:00:00 prog->strlen("abc") = 3\n'],
    ["the summary of strace -c", "% time     seconds  usecs/call     calls    errors syscall\n"],
    ["JSON", '{"traceEvents": []}\n'],
    ["a web page", "<!DOCTYPE html>\n"],
  ])("%s", async (kind, text) => {
    const error = await inputErrorOf(parse(text));
    expect(error.message).toBe(`log:1: not an strace log: it looks like ${kind}; ${RECORD}`);
  });

  test("also where the first lines could be strace's", async () => {
    const error = await inputErrorOf(eventsOf('puts("a") = 2', "malloc(24) = 0x55d0c0", "+++ exited (status 0) +++"));
    expect(error.message).toContain("log:2: not an strace log: it looks like an ltrace log");
  });

  test("by its first line if it is nothing that we know", async () => {
    const error = await inputErrorOf(eventsOf("Dear reader,", "this is a letter"));
    expect(error.message).toBe(`log:1: not an strace log: it starts with "Dear reader,"; ${RECORD}`);
  });

  test("as holding no call if it has nothing but strace's messages", async () => {
    const error = await inputErrorOf(eventsOf("strace: Process 1 attached", "", ""));
    expect(error.message).toBe(`log: not an strace log: it has no line with a system call; ${RECORD}`);
  });
});

describe("a line that cannot be read is refused with its number and its start", () => {
  test.each([
    ["hello world", "no call, signal or exit"],
    ["1 0.5", "no call"],
    ["1 mmap NULL, 4096", "no call, signal or exit"],
    ["1 mmap(NULL, 4096)", '"mmap" has no result'],
    ["1 wait4(2, 0x1", '"wait4" has no result'],
    ["1 mmap(NULL, 4096) = 0x1000", 'expected a comma but found ") = 0x1000"'],
    ["1 mmap(NULL, x, PROT_READ, MAP_SHARED, 3, 0) = 0x1000", "expected a number but found"],
    ["1 munmap(0x1000, 4096, 1) = 0", "expected a closing parenthesis but found"],
    ["1 munmap(0x1000, 4096) = 0zzz", "expected a number but found"],
    ["1 munmap(0x, 4096) = 0", "expected a number but found"],
    ['1 openat(AT_FDCWD, "/a = 3', "expected the end of a string but found"],
    ["1 openat(AT_FDCWD, NULL) = 3", 'expected "\\"" but found "AT_FDCWD, NULL) = 3"'],
    ["1 clone(child_stack=NULL) = 3", 'expected "flags=" but found'],
    ["1 munmap(0x1000, 4096) = -1", "munmap failed without the error's name"],
    ["1 +++ vanished +++", "no exit"],
    ["1 --- SIGCHLD", "no signal"],
    ["[pid x] brk(NULL) = 0x1000", "no number where the task or the time should be"],
    ["[pid 1", "no ] behind the task"],
    ["1 12:00:00brk(NULL) = 0x1000", "no call behind the time"],
    ["1 <... brk", "no call, signal or exit"],
  ])("%s", async (line, reason) => {
    const error = await inputErrorOf(eventsOf(BRK, line, BRK));
    expect(error.message.startsWith("log:2: cannot be read as strace output (")).toBe(true);
    expect(error.message).toContain(reason);
    expect(error.message).toContain(JSON.stringify(line));
    expect(error.message).toContain("; correct or remove the line, or record it again with `-o LOG`");
  });
});

describe("a log with lines missing is refused", () => {
  test("in the middle: a task begins a call while it is in another", async () => {
    const error = await inputErrorOf(eventsOf("1 brk(0x2000 <unfinished ...>", "1 munmap(0x1000, 4096) = 0"));
    expect(error.message).toContain(
      "log:2: task 1 calls munmap while its brk of line 1 has no result: lines are missing",
    );
  });

  test("in the middle: another call goes on than the one that began", async () => {
    const error = await inputErrorOf(eventsOf("1 brk(0x2000 <unfinished ...>", "1 <... munmap resumed>) = 0"));
    expect(error.message).toContain("log:2: task 1 calls munmap while its brk of line 1 has no result");
  });

  test("at the start: a call that we follow goes on but never began", async () => {
    const error = await inputErrorOf(eventsOf(BRK, "2 <... munmap resumed>) = 0"));
    expect(error.message).toContain("log:2: munmap of process 2 goes on but never began: lines are missing");
    const { ignored } = await parse(`${BRK}\n2 <... futex resumed>) = 0\n`);
    expect(ignored).toEqual({ futex: 1 });
  });
});

describe("a log that is cut", () => {
  test.each([
    "1 mmap(NULL, 8192, PROT_READ|PRO",
    "1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f96671",
    "1 munmap(0x1000, 4096) =",
    "1 <unfin",
    "1 +++ exited wi",
    "1 --- SIGC",
    "1 0.12",
    "[pid",
  ])("in its last line is refused: %s", async (line) => {
    const error = await inputErrorOf(parse(`${BRK}\n${line}`));
    expect(error.message).toBe("log:2: the log is cut in line 2; copy it again, or remove the last line");
  });

  test("only by its last newline is read", async () => {
    const { events } = await parse(`${BRK}\n1 +++ exited with 0 +++`);
    expect(events.map(({ kind }) => kind)).toEqual(["brk", "exited"]);
  });

  test("in strace's own message is refused", async () => {
    const error = await inputErrorOf(parse(`${BRK}\n1 vfork(strace: Process 5 attached\n`));
    expect(error.message).toContain("log:2: the log is cut in line 2");
  });

  test("while a task that lives is in a call is refused, with the first such call", async () => {
    const lines = [BRK, "2 wait4(-1,  <unfinished ...>", "1 munmap(0x1000, 4096 <unfinished ...>"];
    const error = await inputErrorOf(eventsOf(...lines));
    expect(error.message).toBe(
      "log:2: the log is cut: wait4 of process 2 in line 2 was never resumed; " +
        "record it again, and let the program end before strace does",
    );
  });

  test("while tasks die, exit or are let go is whole", async () => {
    const thread = "clone(child_stack=0x1000, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND)";
    const { events } = await parse(
      [
        `1 ${thread} = 2`,
        "2 futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>",
        "3 munmap(0x1000, 4096 <unfinished ...>",
        "3 +++ killed by SIGKILL +++",
        "4 wait4(-1,  <detached ...>",
        "5 exit(0 <unfinished ...>",
        "1 exit_group(0 <unfinished ...>",
        "",
      ].join("\n"),
    );
    expect(events.map(({ kind, pid }) => `${pid} ${kind}`)).toEqual([
      "1 fork",
      "3 failed",
      "3 killed",
      "5 exit",
      "1 exit_group",
    ]);
  });
});

test("the error names the file that was read", async () => {
  const path = fileWith("letter.log", "Dear reader,\n");
  const error = await inputErrorOf(drain(openStrace(path).batches));
  expect([error.source, error.place, error.remedy]).toEqual([path, "1", RECORD]);
});
