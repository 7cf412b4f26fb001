/**
 * The yardstick: the race of the seed as a small model that other model checkers have counted too.
 *
 * One PMD page is shared by all mms; each mm unmaps it once, under one i_mmap lock. CPU c runs mm c mod mms, for ever,
 * and its hardware fills and evicts as it likes; the kernel's threads run elsewhere. The flush is an interrupt whose
 * handler drops everything. A freed frame goes to somebody else at any later step. Variants: `fixed` flushes before
 * the lock is dropped, `late` after it, `missing` not at all.
 *
 * The model is simpler than our kernel (no gather, no VMAs, no ranges), so it has listings of its own; they run on the
 * same machine. docs/search.md says why its states are one to one with those of the other implementations.
 */
import { Reg } from "../../../assembly/abi/operands.js";
import { Cpu, FileRecord, Frame, Kind, OWNER_STRANGER, USE_MASK, USE_SHIFT } from "../../../assembly/abi/records.js";
import { Task } from "../../../assembly/abi/tasks.js";
import { at, type Call, type Line, listing } from "../../kernel/listing.js";
import * as k from "../../kernel/ops.js";
import type { Parameter, Places, Projection, Scenario, Values } from "../scenario.js";

interface Size {
  readonly cpus: number;
  readonly mms: number;
  readonly pages: number;
  readonly variant: string;
}

/** Base pages of a huge page in the model's geometry. */
const HUGE = 2;
const NAMES = "ABCDEFGH";

const call = (name: string, lines: readonly Line[]): Call => ({
  name,
  arguments: {},
  listing: listing("(yardstick)", name, lines),
});

/** What the first mm does before the race: maps the pages of the file in one PMD page. Maps are not counted. */
function mapPages({ pages }: Size): Call {
  const page = (index: number): Line[] => [
    k.set(Reg.INDEX, index),
    k.set(Reg.ADDRESS, HUGE * index),
    k.find_or_alloc_page(Reg.TMP),
    k.alloc_tables(Reg.TMP, k.PMD, Reg.ADDRESS),
    k.walk(Reg.ADDRESS, k.PMD),
    k.set_entry(k.PMD),
    k.put_page(),
  ];
  const lines = Array.from({ length: pages }, (_, index) => page(index)).flat();
  return call("map", [k.set(Reg.PROT, 3), ...lines, k.ret(false)]);
}

/** What each other mm does: it reaches the first one's PMD page. */
const share = (mm: number): Call =>
  call(`share ${mm}`, [
    k.set(Reg.MM, 0),
    k.walk(Reg.ADDRESS, k.PMD),
    k.set(Reg.MM, mm),
    k.table_get(),
    k.pud_populate(Reg.TMP),
    k.ret(false),
  ]);

const flush = (): Line[] => [k.on_each_cpu_flush_all(), k.wait_for_cpus()];

/** The thread of every mm. The numbers are the program counters of the model's own description. */
function unmap({ pages, variant }: Size): Call {
  return call("unmap", [
    k.lock_write(k.I_MMAP), // 0
    k.walk(Reg.ADDRESS, k.PMD),
    k.pmd_shared(Reg.TMP),
    k.if_zero(Reg.TMP, "last"),
    k.pud_clear(k.I_MMAP), // 1
    k.table_put(), // 2
    ...(variant === "fixed" ? flush() : []), // 3, 4
    k.unlock(k.I_MMAP), // 5
    ...(variant === "late" ? flush() : []), // 6, 7
    k.jump("out"),
    ...at("last", k.pause("huge_pmd_unshare() returns 0", "finds that nobody shares the table")), // 1
    k.set(Reg.LAST, HUGE * pages),
    ...at("clear", k.clear_entry(k.PMD, "huge_ptep_get_and_clear()", k.I_MMAP)), // 9 + page
    k.add_pages(Reg.ADDRESS, k.PMD),
    k.if_ge(Reg.ADDRESS, Reg.LAST, "cleared"),
    k.walk(Reg.ADDRESS, k.PMD),
    k.jump("clear"),
    ...at("cleared", k.unlock(k.I_MMAP)), // 9 + pages
    k.set(Reg.ADDRESS, 0),
    k.pud_clear(k.NO_LOCK), // 10 + pages
    ...flush(), // 11 + pages, 12 + pages
    k.set(Reg.END, pages),
    ...at("free", k.next_cached()),
    k.if_zero(Reg.PAGE, "freed"),
    k.remove_huge_page(), // 13 + pages + page
    k.jump("free"),
    ...at("freed", k.table_put()), // 13 + 2 * pages
    ...at("out", k.ret_at_once()),
  ]);
}

/** The model's program counter of each visible line; a line in a loop over pages stands for the first page. */
function counters({ pages, variant }: Size): number[] {
  const path = variant === "fixed" ? [0, 1, 2, 3, 4, 5] : variant === "late" ? [0, 1, 2, 5, 6, 7] : [0, 1, 2, 5];
  const last = [1, 9, 9 + pages, 10 + pages, 11 + pages, 12 + pages, 13 + pages, 13 + 2 * pages];
  return [...path, ...last];
}

const DONE = 8;

/** The packed form in which the other implementations add up their sets of states. */
function project(size: Size, places: Places): Projection | undefined {
  const { cpus, mms, pages } = size;
  const kernelBits = 5 + pages + 6 * mms + 2 * (pages + 1);
  if (kernelBits > 32 || cpus * (2 + pages) > 32 || mms > 3) return undefined;
  const pcs = counters(size);
  const table = mms + 1;
  const words: number[] = [];
  const read = (word: number): number => words.push(word) - 1;
  const each = (count: number, word: (i: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => read(word(i)));
  const lock = read(places.file(0) + FileRecord.I_MMAP);
  const references = read(places.frame(table) + Frame.REFERENCES);
  const pmd = each(pages, (h) => places.entry(table, h));
  const pud = each(mms, (m) => places.entry(m + 1, 0));
  const done = each(mms, (m) => places.task(m) + Task.DONE);
  const pc = each(mms, (m) => places.task(m) + Task.PC);
  const page = each(mms, (m) => places.task(m) + Task.REGISTER + 2 * Reg.ADDRESS);
  const index = each(mms, (m) => places.task(m) + Task.REGISTER + 2 * Reg.INDEX);
  const frames = [table, ...Array.from({ length: pages }, (_, h) => table + 1 + h)];
  const uses = frames.map((frame) => read(places.frame(frame) + Frame.USE));
  const pending = each(cpus, (c) => places.cpu(c) + Cpu.PENDING);
  const slots = Array.from({ length: cpus }, (_, c) => each(1 + pages, (i) => places.slot(c, i)));
  const counterOf = (value: (i: number) => number, m: number): number => {
    if (value(done[m] as number) !== 0) return DONE;
    const counter = pcs[places.visibleRank(value(pc[m] as number))] as number;
    if (counter === DONE + 1) return counter + value(page[m] as number) / HUGE;
    return counter === 13 + pages ? counter + value(index[m] as number) : counter;
  };
  const pack = (value: (i: number) => number, packed: Uint32Array): void => {
    let bits = 0;
    let at = 0;
    const field = (width: number, content: number): void => {
      bits |= content << at;
      at += width;
    };
    for (let c = 0; c < cpus; c++) {
      const own = slots[c] as number[];
      field(1, value(own[0] as number) === 0 ? 0 : 1);
      field(1, value(pending[c] as number) === 0 ? 0 : 1);
      for (let h = 1; h <= pages; h++) field(1, value(own[h] as number) === 0 ? 0 : 1);
    }
    packed[0] = bits;
    bits = 0;
    at = 0;
    field(2, 32 - Math.clz32(value(lock) & 0x7fffffff));
    field(3, Math.max(1, value(references)));
    for (const i of pmd) field(1, value(i) === 0 ? 0 : 1);
    for (const i of pud) field(1, value(i) === 0 ? 0 : 1);
    for (let m = 0; m < mms; m++) field(5, counterOf(value, m));
    for (const i of uses) {
      const stranger = (value(i) & USE_MASK) === OWNER_STRANGER;
      field(2, value(i) >>> USE_SHIFT === Kind.FREE ? 1 : stranger ? 2 : 0);
    }
    packed[1] = bits;
  };
  return { words, pack };
}

const parameters: readonly Parameter[] = [
  { name: "cpus", title: "CPUs; CPU c runs mm c mod mms", default: 4, least: 1, most: 16 },
  {
    name: "mms",
    title: "mms that share the PMD page, each with a thread that unmaps it",
    default: 2,
    least: 1,
    most: 8,
  },
  { name: "pages", title: "huge pages that the PMD page maps", default: 3, least: 1, most: 8 },
  {
    name: "variant",
    title: "where the flush is: before the lock is dropped, after it, nowhere",
    default: "fixed",
    words: ["fixed", "late", "missing"],
  },
];

function make(values: Values): Scenario {
  const size: Size = {
    cpus: Number(values.cpus),
    mms: Number(values.mms),
    pages: Number(values.pages),
    variant: String(values.variant),
  };
  const mms = [...NAMES.slice(0, size.mms)];
  const thread = unmap(size);
  const nameOf = (cpu: number): string => mms[cpu % size.mms] as string;
  return {
    name: "yardstick",
    aliases: ["pmdshare"],
    title: "the common model: one PMD page, every mm unmaps it once, hardware by itself",
    bug: "B1",
    commits: ["a4a118f2eead"],
    story:
      "All mms share one PMD page. Each unmaps it: the PUD entry is cleared, the count goes down, and a flush must " +
      "come before the lock is dropped. The last one clears the entries, flushes, and frees the pages and the table.",
    geometry: `bits:1,${Math.ceil(Math.log2(size.pages))},0`,
    mms,
    cpus: [...Array.from({ length: size.cpus }, (_, cpu) => nameOf(cpu)), ...mms.map(() => null)],
    files: [size.pages],
    setup: mms.map((mm, m) => ({
      cpu: size.cpus + m,
      mm,
      calls: [{ call: m === 0 ? mapPages(size) : share(m), args: {} }],
    })),
    cases: [
      {
        name: size.variant,
        tasks: mms.map((mm, m) => ({ name: `${mm}1`, cpu: size.cpus + m, mm, calls: [{ call: thread, args: {} }] })),
      },
    ],
    always: ["STALE_TRANSLATION", "STALE_WALK"],
    sometimes: [],
    machine: {
      tableFrames: size.mms + 1,
      baseFrames: 0,
      hugeFrames: size.pages,
      vmas: 1,
      reuse: "by-agent",
      pcid: false,
      oracle: false,
      unlimited: { leaves: [1], pointers: [2] },
    },
    runsAs: { edition: "5.19", backend: "x86" },
    parameters,
    values,
    make,
    project: (places) => project(size, places),
  };
}

export const yardstick = make(Object.fromEntries(parameters.map((p) => [p.name, p.default])));
