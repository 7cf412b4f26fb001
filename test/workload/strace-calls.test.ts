import { describe, expect, test } from "vitest";
import { eventOf, eventsOf, inputErrorOf, parse } from "./helpers.js";

const KIB = 1024;

describe("each call that succeeds is an event", () => {
  test("mmap", async () => {
    const call = "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f966719a000";
    expect(await eventOf(call)).toEqual({
      kind: "mmap",
      address: 0,
      length: 8 * KIB,
      prot: 3,
      flags: 0x22,
      fd: -1,
      offset: 0,
      result: 0x7f966719a000,
    });
  });

  test("mmap of a file, with a hint", async () => {
    const call = "mmap(0x7f4d87954000, 561152, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 3, 0xe000) = 0x7f4d87954000";
    expect(await eventOf(call)).toMatchObject({ address: 0x7f4d87954000, prot: 5, flags: 0x12, fd: 3, offset: 0xe000 });
  });

  test("mmap of huge pages, with their size in the flags", async () => {
    const flags = "MAP_SHARED|MAP_ANONYMOUS|MAP_HUGETLB|30<<MAP_HUGE_SHIFT";
    const event = await eventOf(`mmap(NULL, 1073741824, PROT_NONE, ${flags}, -1, 0) = 0x7f3180000000`);
    expect(event).toMatchObject({ length: 2 ** 30, prot: 0, flags: 0x40021 + 30 * 2 ** 26 });
  });

  test("munmap", async () => {
    const event = await eventOf("munmap(0x7f966718e000, 48727) = 0");
    expect(event).toEqual({ kind: "munmap", address: 0x7f966718e000, length: 48727 });
  });

  test("mprotect, and pkey_mprotect as one", async () => {
    const expected = { kind: "mprotect", address: 0x539000, length: 12288, prot: 1 };
    expect(await eventOf("mprotect(0x539000, 12288, PROT_READ) = 0")).toEqual(expected);
    expect(await eventOf("pkey_mprotect(0x539000, 12288, PROT_READ, 1) = 0")).toEqual(expected);
  });

  test("mremap, without and with a new address", async () => {
    expect(await eventOf("mremap(0x7f31b3dcf000, 200704, 397312, MREMAP_MAYMOVE) = 0x7f31b3d2d000")).toEqual({
      kind: "mremap",
      old: 0x7f31b3dcf000,
      oldLength: 200704,
      newLength: 397312,
      flags: 1,
      newAddress: undefined,
      result: 0x7f31b3d2d000,
    });
    const fixed = "mremap(0x10000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, 0x20000) = 0x20000";
    expect(await eventOf(fixed)).toMatchObject({ flags: 7, newAddress: 0x20000, result: 0x20000 });
    expect(await eventOf("mremap(0x10000, 8192, 4096, 0) = 0x10000")).toMatchObject({ flags: 0 });
  });

  test("madvise", async () => {
    const event = await eventOf("madvise(0x7f3ba53df000, 8368128, MADV_DONTNEED) = 0");
    expect(event).toEqual({ kind: "madvise", address: 0x7f3ba53df000, length: 8368128, advice: 4 });
  });

  test("brk, which asks and which moves", async () => {
    expect(await eventOf("brk(NULL)       = 0x2c0a2000")).toEqual({ kind: "brk", argument: 0, result: 0x2c0a2000 });
    expect(await eventOf("brk(0x2c0c3010) = 0x2c0c3010")).toMatchObject({ argument: 0x2c0c3010, result: 0x2c0c3010 });
  });

  test("fork and vfork", async () => {
    expect(await eventOf("fork() = 12")).toEqual({
      kind: "fork",
      call: "fork",
      child: 12,
      flags: 0,
      sharesMemory: false,
      isThread: false,
    });
    expect(await eventOf("vfork() = 12")).toMatchObject({ call: "vfork", flags: 0x4100, sharesMemory: true });
  });

  test("clone, as fork does it", async () => {
    const flags = "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD";
    expect(await eventOf(`clone(child_stack=NULL, flags=${flags}, child_tidptr=0x7f3244821d50) = 13`)).toEqual({
      kind: "fork",
      call: "clone",
      child: 13,
      flags: 0x1200011,
      sharesMemory: false,
      isThread: false,
    });
  });

  test("clone3, as a thread library does it", async () => {
    const flags = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_CLEAR_SIGHAND";
    const call = `clone3({flags=${flags}, exit_signal=0, stack=0x7f3ba63e9000} => {parent_tid=[5]}, 88) = 5`;
    const event = await eventOf(call);
    expect(event).toMatchObject({ call: "clone3", child: 5, flags: 0x100050f00, sharesMemory: true, isThread: true });
  });

  test("execve, whatever its arguments hold", async () => {
    const call = String.raw`execve("/bin/sh", ["sh", "-c", "x = 1) = 2 \"<unfinished ...>"], 0x7ffc /* 9 vars */) = 0`;
    expect(await eventOf(call)).toEqual({ kind: "execve" });
  });

  test("exit and exit_group, which have no result", async () => {
    expect(await eventOf("exit(0)         = ?")).toEqual({ kind: "exit", status: 0 });
    expect(await eventOf("exit_group(3)   = ?")).toEqual({ kind: "exit_group", status: 3 });
  });

  test("the end of a task, by itself or by a signal", async () => {
    expect(await eventOf("+++ exited with 3 +++")).toEqual({ kind: "exited", status: 3 });
    expect(await eventOf("+++ killed by SIGKILL +++")).toEqual({ kind: "killed", signal: "SIGKILL" });
    const dumped = await eventOf("+++ killed by SIGSEGV (core dumped) +++");
    expect(dumped).toEqual({ kind: "killed", signal: "SIGSEGV" });
  });

  test("ftruncate and fallocate", async () => {
    expect(await eventOf("ftruncate(8, 1048576) = 0")).toEqual({ kind: "ftruncate", fd: 8, length: 1048576 });
    const event = await eventOf("fallocate(8, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 4096, 8192) = 0");
    expect(event).toEqual({ kind: "fallocate", fd: 8, mode: 3, offset: 4096, length: 8192 });
    expect(await eventOf("fallocate(8, 0, 0, 9376) = 0")).toMatchObject({ mode: 0, length: 9376 });
  });

  test("shmget, of small and of huge pages", async () => {
    expect(await eventOf("shmget(0x2dc360, 56, IPC_CREAT|IPC_EXCL|0600) = 14")).toEqual({
      kind: "shmget",
      key: 0x2dc360,
      size: 56,
      flags: 0o3600,
      id: 14,
    });
    const huge = await eventOf("shmget(IPC_PRIVATE, 4194304, IPC_CREAT|SHM_HUGETLB|21<<SHM_HUGE_SHIFT|0600) = 0");
    expect(huge).toMatchObject({ key: 0, flags: 0o5600 + 21 * 2 ** 26, id: 0 });
  });

  test("shmat, shmdt and the removal by shmctl", async () => {
    expect(await eventOf("shmat(14, NULL, SHM_RDONLY) = 0x7f324512a000")).toEqual({
      kind: "shmat",
      id: 14,
      address: 0,
      flags: 0o10000,
      result: 0x7f324512a000,
    });
    expect(await eventOf("shmdt(0x7f324512a000) = 0")).toEqual({ kind: "shmdt", address: 0x7f324512a000 });
    const removal = { kind: "shmctl", id: 14, command: "IPC_RMID" };
    expect(await eventOf("shmctl(14, IPC_RMID, NULL) = 0")).toEqual(removal);
    expect(await eventOf("shmctl(14, IPC_64|IPC_RMID, NULL) = 0")).toEqual(removal);
  });

  test("memfd_create", async () => {
    const event = await eventOf('memfd_create("heap", MFD_CLOEXEC|MFD_HUGETLB|21<<MFD_HUGE_SHIFT) = 4');
    expect(event).toEqual({ kind: "memfd_create", name: "heap", flags: 5 + 21 * 2 ** 26, result: 4 });
  });

  test("open in all its forms, with the path as the program gave it", async () => {
    const path = "/dev/hugepages/a";
    const expected = { kind: "open", path, result: 3 };
    expect(await eventOf(`openat(AT_FDCWD, "${path}", O_RDWR|O_CREAT, 0600) = 3`)).toEqual(expected);
    expect(await eventOf(`open("${path}", O_RDWR) = 3`)).toEqual(expected);
    expect(await eventOf(`openat2(5, "${path}", {flags=O_RDWR, resolve=0}, 24) = 3`)).toEqual(expected);
    expect(await eventOf(`creat("${path}", 0600) = 3`)).toEqual(expected);
    const escaped = String.raw`openat(AT_FDCWD, "/a \"b\"\t\\\303\244\x21", O_RDONLY) = 3`;
    expect(await eventOf(escaped)).toMatchObject({ path: '/a "b"\t\\ä!' });
  });

  test("close and dup in all its forms", async () => {
    expect(await eventOf("close(3) = 0")).toEqual({ kind: "close", fd: 3 });
    const expected = { kind: "dup", fd: 3, result: 7 };
    expect(await eventOf("dup(3) = 7")).toEqual(expected);
    expect(await eventOf("dup2(3, 7) = 7")).toEqual(expected);
    expect(await eventOf("dup3(3, 7, O_CLOEXEC) = 7")).toEqual(expected);
    expect(await eventOf("fcntl(3, F_DUPFD_CLOEXEC, 5) = 7")).toEqual(expected);
  });
});

describe("a call that fails", () => {
  test("is a failed event with the error's name, whatever its arguments were", async () => {
    const calls = [
      ["munmap(0x7f966718e001, 18446744073709551615) = -1 EINVAL (Invalid argument)", "munmap", "EINVAL"],
      ['openat(AT_FDCWD, "/a", O_RDONLY) = -1 ENOENT (No such file or directory)', "openat", "ENOENT"],
      ["clone(child_stack=NULL, flags=CLONE_NEWUSER) = ? ERESTARTNOINTR (To be restarted)", "clone", "ERESTARTNOINTR"],
      ["brk(NULL) = ?", "brk", "?"],
      ["mmap(NULL, 0, PROT_NONE, MAP_PRIVATE, 3, 0) = -1 (errno 599)", "mmap", "(errno 599)"],
    ] as const;
    for (const [text, call, error] of calls) expect(await eventOf(text)).toEqual({ kind: "failed", call, error });
  });
});

test("all other calls, and commands that move no memory, are counted by name", async () => {
  const { events, ignored } = await parse(
    [
      "1 wait4(2, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 2",
      "1 wait4(2, 0x7ffd764d2810, WNOHANG, NULL) = -1 ECHILD (No child processes)",
      "1 kill(16, SIGURG) = 0",
      "1 fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)",
      "1 shmctl(14, IPC_STAT, {shm_perm={uid=0}}) = 0",
      '1 write(1, "a = b\\n", 6) = 6',
      "1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---",
      "",
    ].join("\n"),
  );
  expect(events).toEqual([]);
  expect(ignored).toEqual({ wait4: 2, kill: 1, fcntl: 1, shmctl: 1, write: 1 });
});

describe("an impossible value is refused with its line", () => {
  test.each([
    [
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0xffffffffffffffff",
      "impossible address 0xffffffffffffffff (result)",
    ],
    ["mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f966719a010", "impossible address 0x7f966719a010 (result)"],
    ["mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7ffffffff000", "impossible address 0x7ffffffff000 (result)"],
    ["munmap(0x7f966719a001, 4096) = 0", "impossible address 0x7f966719a001 (address)"],
    ["mprotect(0xffff800000000000, 4096, PROT_READ) = 0", "impossible address 0xffff800000000000 (address)"],
    ["madvise(0x10001, 4096, MADV_FREE) = 0", "impossible address 0x10001 (address)"],
    ["mremap(0x10800, 4096, 8192, 0) = 0x10800", "impossible address 0x10800 (old address)"],
    ["shmat(1, NULL, 0) = 0x10", "impossible address 0x10 (result)"],
    ["brk(NULL) = 0x800000000001", "impossible address 0x800000000001 (result)"],
    ["ftruncate(3, -1) = 0", "impossible length -1"],
    ["munmap(0x1000, 4096) = 5", "impossible result 5"],
    ["fork() = 0", "impossible child 0"],
    ["mmap(NULL, 4096, PROT_READ, MAP_STRANGE, 3, 0) = 0x1000", 'unknown flag "MAP_STRANGE"'],
  ])("%s", async (call, message) => {
    const error = await inputErrorOf(eventsOf("1 brk(NULL) = 0x1000", `1 ${call}`));
    expect(error.message).toContain(message);
    expect(error.message.startsWith("log:2: ")).toBe(true);
    expect(error.message).not.toContain("\n");
  });
});
