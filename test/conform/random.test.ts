/**
 * Scripts that nobody has recorded: random ones in the whole language of the recorder, on every kind of kernel. The
 * model may say that it has no rule; it may not fail, and its tables, pages and counts have to add up.
 */
import { describe, expect, it } from "vitest";
import { editionOf } from "../../src/conform/conform.js";
import { Script, UNCALIBRATED } from "../../src/conform/play.js";
import { broken } from "./invariants.js";

const KERNELS = ["5.10.223-prefix", "5.10.223", "6.1.192", "6.12.43", "6.18.15", "7.3.4"];
const SCRIPTS = 25;
const LINES = 40;
const ADDRESSES = ["0x100000000000", "0x100000200000", "0x100020000000", "0x100040000000", "0x200000000000"].concat([
  "0x200000001000",
  "0x200000200000",
  "0x300000005000",
]);
const LENGTHS = ["2m", "4m", "1g", "2g", "512m", "4k", "8p", "33p", "34p", "512p", "1025p"];
const ADVICES = ["dontneed", "free", "remove", "hugepage", "nohugepage", "cold", "populate_write", "willneed"];

function dice(seed: number) {
  let state = seed;
  const roll = (sides: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 65536) % sides;
  };
  return { roll, pick: <T>(items: readonly T[]): T => items[roll(items.length)] as T };
}

/** One line; `fork` names the process that it would make. */
function lineOf({ roll, pick }: ReturnType<typeof dice>, processes: readonly string[], fork: string): string {
  const process = pick(processes);
  const [at, to, length] = [pick(ADDRESSES), pick(ADDRESSES), pick(LENGTHS)];
  const [file, thread, cpu] = [pick(["f0", "t0"]), roll(2), 1 + roll(4)];
  const forms = [
    `mmap ${at} ${length} file=${file} ${pick(["shared", "", "shared noreserve off=2m"])} ${pick(["", "prot=r"])} over`,
    `mmap ${at} ${length} ${pick(["huge", "", "noreserve huge"])} ${pick(["over", ""])}`,
    "mmap 0x100000000000 2g file=f0 shared over",
    `touch ${at} ${pick(["2m", "8p", "64p", "16m"])} step=${pick(["4k", "2m"])} ${pick(["", "read"])}`,
    `touch ${at} ${length} step=2m ${pick(["", "read"])}`,
    "touch 0x100000000000 1g step=2m",
    `munmap ${at} ${length}`,
    `mprotect ${at} ${length} prot=${pick(["r", "rw", "none"])}`,
    `madvise ${at} ${length} advice=${pick(ADVICES)}`,
    `mremap ${at} ${length} to=${to} ${pick(["", `newlen=${pick(LENGTHS)}`])}`,
    `mremap ${at} ${length} newlen=${pick(LENGTHS)}`,
    `${pick(["mlock", "munlock"])} ${at} ${pick(["2m", "8p"])}`,
    `truncate file=${file} size=${pick(["0", "2m", "1g", "2g", "512m"])}`,
    `punch file=${file} off=${pick(["0", "2m", "4k"])} len=${pick(["2m", "1g", "8k"])}`,
    `${pick(["spin", "park"])} t=${thread} cpu=${cpu}`,
    `${pick(["park", "quit", "status"])} t=${thread}`,
    `read t=${thread} cpu=${cpu} a=${at}`,
    pick([`peek ${at}`, `pin cpu=${cpu}`]),
    `fork as=${fork} cpu=${cpu}`,
    `movepages ${at} n=${1 + roll(4)} step=${pick(["4k", "2m"])} node=${roll(2)} ${pick(["", "all"])}`,
    pick(["migrate from=0 to=1", "exit", "reap"]),
  ];
  return `${process} ${pick(forms).replace(/ +/g, " ").trim()}`;
}

/** Plays one random script; gives the first operation after which something is wrong, and how many were played. */
function run(kernel: string, seed: number): { wrong?: string; supported: number } {
  const script = new Script(editionOf(kernel, "random").edition, UNCALIBRATED, "random");
  const rolls = dice(seed * 7919);
  const processes = ["P0", "P1"];
  for (const line of ["file f0 size=2g", "file t0 size=4m", "P0 proc cpu=1", "P1 proc cpu=2"]) script.play(line);
  let supported = 0;
  for (let i = 0; i < LINES; i++) {
    const line = lineOf(rolls, processes, `P${processes.length}`);
    const { unsupported, result } = script.play(line);
    if (/ fork /.test(line) && result?.[0] === 0) processes.push(`P${processes.length}`);
    const wrong = unsupported?.startsWith("the model fails") ? [unsupported] : broken(script);
    if (wrong.length > 0) return { wrong: `${kernel} ${seed} ${i} ${line}: ${wrong.join("; ")}`, supported };
    if (unsupported === undefined) supported++;
  }
  return { supported };
}

describe("random scripts", () => {
  it.each(KERNELS)("add up on %s after every operation", (kernel) => {
    let supported = 0;
    for (let seed = 1; seed <= SCRIPTS; seed++) {
      const { wrong, supported: played } = run(kernel, seed);
      expect(wrong).toBeUndefined();
      supported += played;
    }
    expect(supported).toBeGreaterThan(SCRIPTS * LINES * 0.7);
  });

  it("would be noticed if they did not add up", () => {
    const script = new Script(editionOf("7.3.4", "x").edition, UNCALIBRATED, "x");
    for (const line of ["P0 proc cpu=1", "P0 mmap 0x200000000000 8p", "P0 touch 0x200000000000 8p"]) script.play(line);
    expect(broken(script)).toEqual([]);
    const mm = script.processes.get("P0")?.mm;
    if (mm === undefined) throw new Error("there is no P0");
    mm.tables++;
    expect(broken(script)).toEqual([expect.stringContaining("tables")]);
  });

  it("lines that nobody can play are counted, one sentence each", () => {
    const script = new Script(editionOf("6.1.192", "x").edition, UNCALIBRATED, "x");
    script.play("P0 proc cpu=1");
    const lines = [
      "",
      "P0",
      "P0 dance",
      "P9 munmap 0x1000 4k",
      "P0 munmap",
      "P0 munmap zero 4k",
      "P0 mprotect 0x1000 4k",
    ];
    lines.push(
      "P0 madvise 0x200000000000 4k advice=fly",
      "P0 mprotect 0x200000000000 4k prot=rwx",
      "P0 spin t=0 cpu=99",
    );
    for (const line of lines) {
      const { unsupported } = script.play(line);
      expect([line, unsupported]).toEqual([line, expect.stringMatching(/\w/)]);
      expect(unsupported).not.toMatch(/the model fails/);
    }
  });
});

describe("pages that move to another node", () => {
  const play = (kernel: string, lines: readonly string[]): string[][] => {
    const script = new Script(editionOf(kernel, "x").edition, UNCALIBRATED, "x");
    const kinds = /^(flush|ipi|ptep_clear_flush|sync_ipi_all|remote|unshare|gather_vma|finish)$/;
    return lines.map((line) => {
      const events = script.play(line).events.filter(([kind]) => kinds.test(String(kind)));
      return events.map((event) => event.join(" ").replace(/0x1000/g, "A"));
    });
  };
  const shared = ["file f0 size=1g", "P0 proc cpu=1", "P1 proc cpu=2"].concat(
    ["P0", "P1"].flatMap((p) => [`${p} mmap 0x100000000000 1g file=f0 shared`, `${p} touch 0x100000000000 4m step=2m`]),
  );
  const move = "P0 movepages 0x100000000000 n=1 step=2m node=1";

  it("all sharers but the last leave the table, and one base page stands for the huge page", () => {
    expect(play("5.10.223", [...shared, move]).at(-1)).toEqual([
      "unshare P0 A00000000",
      "flush P0 A00000000 A40000000 21 0",
      "ptep_clear_flush A00000000",
      "flush P1 A00000000 A00001000 12 0",
      "ipi 1",
    ]);
    expect(
      play("7.3.4", [...shared, move])
        .at(-1)
        ?.slice(0, 4),
    ).toEqual(["gather_vma", "flush P0 A00000000 A40000000 21 0", "sync_ipi_all", "finish"]);
  });

  it("base pages are flushed one by one up to 6.2, and together once another CPU has run the mm", () => {
    const small = ["P0 proc cpu=1", "P0 spin t=0 cpu=2", "P0 mmap 0x100000000000 4p", "P0 touch 0x100000000000 4p"];
    const flushes = (kernel: string): string[] =>
      play(kernel, [...small, "P0 movepages 0x100000000000 n=4 step=4k node=1"]).at(-1) ?? [];
    expect(flushes("6.1.192").filter((event) => event.startsWith("flush"))).toHaveLength(4);
    expect(flushes("6.12.43")).toEqual(["ipi -1", "remote 2 -1 +4"]);
  });
});
