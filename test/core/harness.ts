/**
 * Boots a machine on the test build of the core, whose insides are exported (entry.ts), with small defaults.
 *
 * The wrapper is the host's own Machine: records, registers and violations are read as everywhere else.
 */
import { readFileSync } from "node:fs";
import { Base } from "../../assembly/abi/layout.js";
import type { LockRef, Reg, Scope } from "../../assembly/abi/operands.js";
import { Entry, type Frame, Mm, type Rest, Vma, VmaFlag } from "../../assembly/abi/records.js";
import { Obligation } from "../../assembly/abi/tasks.js";
import { type CoreExports, type CoreModule, compileCore } from "../../src/core/core.js";
import { findBackend } from "../../src/kernel/arch/backends.js";
import { findEdition } from "../../src/kernel/editions.js";
import { Machine, type MachineConfig } from "../../src/machine.js";

type Words = number[];
type Vpn = bigint;

/** Everything that test/core/entry.ts exports: numbers, bigints where the core has u64. A bool is 0 or 1. */
type Inside = Record<
  | "slotTable"
  | "walkTable"
  | "walkLevel"
  | "walkWasStale"
  | "cachedTag"
  | "cachedFrame"
  | "cachedFlags"
  | "cachedGeneration"
  | "setCurrent"
  | "violation"
  | "forget"
  | "obligationCount"
  | "frameFreed"
  | "guardDropped"
  | "mmLoaded"
  | "usersOf"
  | "allocate"
  | "firstFrame"
  | "frameCount"
  | "liveEntries"
  | "poolOf"
  | "release"
  | "addressScope"
  | "invalidateAll"
  | "entriesOf"
  | "firstUsed"
  | "frameOf"
  | "isTableEntry"
  | "makeEntry"
  | "shiftOf"
  | "writeEntry"
  | "spaceOf"
  | "tagOf"
  | "tlbWordsPerCpu"
  | "resumeWalk"
  | "access"
  | "decideLimits"
  | "dsb"
  | "tlbi"
  | "checkGather"
  | "callBegins"
  | "callEnds"
  | "gatherFinish"
  | "isOpen"
  | "levelHint"
  | "loadRange"
  | "promote"
  | "gatherQueue"
  | "gatherReset"
  | "gatherStart"
  | "findShareable"
  | "isShared"
  | "pudClear"
  | "pudPopulate"
  | "tableGet"
  | "tablePut"
  | "wantShare"
  | "widenRange"
  | "acquire"
  | "available"
  | "downgrade"
  | "isHeld"
  | "lockOf"
  | "mustHold"
  | "take"
  | "unlock"
  | "allocAnon"
  | "findOrAlloc"
  | "nextCached"
  | "putPage"
  | "removeFromCache"
  | "replaceInCache"
  | "rmap"
  | "clearEntry"
  | "freeNextTable"
  | "moveEntry"
  | "protectEntry"
  | "setEntry"
  | "walkTables"
  | "copyVma"
  | "detachVmas"
  | "freeDetached"
  | "makeUnshareable"
  | "nextDetached"
  | "nextInTree"
  | "protectVmas"
  | "unlinkFile"
  | "vmaBounds"
  | "vmaIndex"
  | "vmaNumber"
  | "acknowledged"
  | "decideFull"
  | "flushFunc"
  | "flushLocal"
  | "handleIpi"
  | "nextGeneration"
  | "sendIpi"
  | "spaceOfCpu"
  | "spaceOfMm"
  | "switchMm"
  | "protectPtes"
  | "zapPtes"
  | "moveExtent"
  | "movePtes"
  | "batchFlushed"
  | "batchPending"
  | "shouldDefer"
  | "addCpus"
  | "batchMark"
  | "batchReset"
  | "batchSend"
  | "getHugeZero"
  | "shrinkHugeZero"
  | "clearDirty"
  | "flushRmaps"
  | "markDirty"
  | "writeOut"
  | "gatherOf"
  | "settle",
  (...words: Words) => number
>;

export interface TestCalls extends CoreExports, Inside {
  cachedStart(entry: number): Vpn;
  pagesOf(level: number): Vpn;
  indexOf(vpn: Vpn, level: number): number;
  spaceEnd(): Vpn;
  alignDown(vpn: Vpn, level: number): Vpn;
  alignUp(vpn: Vpn, level: number): Vpn;
  slotOf(pgd: number, vpn: Vpn, level: number): number;
  lookUp(cpu: number, space: number, vpn: Vpn): number;
  fill(cpu: number, space: number, vpn: Vpn, level: number, frame: number, flags: number): void;
  lookUpWalk(cpu: number, space: number, vpn: Vpn, level: number): number;
  fillWalk(cpu: number, space: number, vpn: Vpn, level: number, table: number): void;
  startWalk(cpu: number, space: number, pgd: number, vpn: Vpn): void;
  stepWalk(cpu: number, space: number, vpn: Vpn, isStore: number): number;
  invalidate(cpu: number, space: number, scope: number, hint: number, from: Vpn, to: Vpn): void;
  reachesLeaf(scope: number, hint: number, from: Vpn, to: Vpn, start: Vpn, level: number): number;
  reachesWalk(scope: number, hint: number, from: Vpn, to: Vpn, start: Vpn, level: number): number;
  entryCleared(mm: number, vpn: Vpn, level: number, table: number, slot: number, guard: number): void;
  rightsLost(mm: number, vpn: Vpn, level: number, table: number, slot: number, guard: number): void;
  owedIn(mm: number, start: Vpn, end: Vpn, usable: number): number;
  invalidated(cpu: number, mm: number, scope: number, hint: number, from: Vpn, to: Vpn, why: number): void;
  issued(by: number, mm: number, scope: number, hint: number, from: Vpn, to: Vpn): void;
  completed(by: number, mm: number, scope: number, hint: number, from: Vpn, to: Vpn, why: number): void;
  checkRecorded(mm: number, from: Vpn, to: Vpn, withTables: number, whole: number): void;
  callReturned(mm: number, from: Vpn, to: Vpn): void;
  gatherRecord(gather: number, at: Vpn, pages: Vpn, bits: number): void;
  recordTable(gather: number, at: Vpn, level: number): void;
  allocTables(mm: number, vpn: Vpn, level: number): number;
  pudSlot(mm: number, vpn: Vpn): number;
  findVma(mm: number, vpn: Vpn): number;
  linkVma(mm: number, start: Vpn, end: Vpn, flags: number, file: number, offset: Vpn): number;
  isStale(mm: number, vpn: Vpn, entry: number): number;
  speculate(cpu: number, vpn: Vpn): number;
  reg(task: number, register: number): Vpn;
  setReg(task: number, register: number, value: Vpn): void;
}

export const Pool = { TABLE: 0, BASE: 1, HUGE: 2 } as const;
export const Kind = { FREE: 0, TABLE: 1, PAGE: 2 } as const;
export const SHARED_FLAGS = VmaFlag.READ | VmaFlag.WRITE | VmaFlag.SHARED | VmaFlag.MAYSHARE | VmaFlag.HUGETLB;

let module: CoreModule | undefined;

/** The test build, compiled once per test file. */
export function testModule(): CoreModule {
  module ??= compileCore(readFileSync(new URL("../../build/core.test.wasm", import.meta.url)));
  return module;
}

export interface RigOptions extends Partial<Omit<MachineConfig, "edition" | "backend">> {
  readonly backend?: string;
  readonly edition?: string;
}

/** One obligation, read out. */
export interface Owed {
  readonly mm: number;
  readonly start: number;
  readonly level: number;
  readonly frame: number;
  readonly holders: number;
  readonly flags: number;
}

/** A booted machine, its inner functions, and a few shorthands for setting it up by hand. */
export class Rig {
  readonly machine: Machine;
  readonly core: TestCalls;

  constructor(options: RigOptions = {}) {
    const { backend = "x86", edition = "5.19", ...rest } = options;
    const found = { backend: findBackend(backend), edition: findEdition(edition) };
    if (found.backend === undefined || found.edition === undefined) throw new RangeError(`${backend}, ${edition}`);
    this.machine = Machine.boot({
      geometry: "tiny",
      cpus: 3,
      mms: 2,
      tasks: 2,
      module: testModule(),
      ...rest,
      backend: found.backend,
      edition: found.edition,
    });
    this.core = this.machine.core.call as TestCalls;
  }

  get(word: number): number {
    return this.machine.get(word >>> 0);
  }

  put(word: number, value: number): void {
    this.machine.put(word >>> 0, value);
  }

  frame(frame: number, field: Frame): number {
    return this.get(this.machine.frame(frame) + field);
  }

  rest(frame: number, field: Rest): number {
    return this.get(this.machine.rest(frame) + field);
  }

  mm(mm: number, field: Mm): number {
    return this.get(this.machine.mm(mm) + field);
  }

  pgd(mm: number): number {
    return this.mm(mm, Mm.PGD);
  }

  /** First entry word of a table frame. */
  table(frame: number): number {
    return this.machine.base(Base.TABLE) + (frame - 1) * this.machine.base(Base.TABLE_WORDS);
  }

  /** Word of task `index`'s record, which the core's functions take. */
  task(index = 0): number {
    return this.machine.task(index);
  }

  /** Sets registers of a task by number. */
  set(registers: Partial<Record<Reg, number>>, task = 0): void {
    for (const [reg, value] of Object.entries(registers)) {
      this.core.setReg(this.task(task), Number(reg), BigInt(value as number));
    }
  }

  register(reg: Reg, task = 0): number {
    return this.machine.register(task, reg);
  }

  /** Makes the tables of `mm` for `vpn` and writes a leaf of `level` there; gives its frame. */
  map(mm: number, vpn: number, level: number, flags: number = Entry.WRITE): number {
    const pool = level === 0 ? Pool.BASE : Pool.HUGE;
    const frame = this.core.allocate(pool, Kind.PAGE, mm + 1);
    this.mapFrame(mm, vpn, level, frame, flags);
    return frame;
  }

  mapFrame(mm: number, vpn: number, level: number, frame: number, flags: number = Entry.WRITE): void {
    this.core.allocTables(mm, BigInt(vpn), level);
    const entry = this.core.makeEntry(frame, Entry.PRESENT | Entry.LEAF | flags);
    this.core.writeEntry(this.slot(mm, vpn, level), entry);
  }

  /** Word of the entry of `mm` for `vpn` at `level`; 0 when a table is missing. */
  slot(mm: number, vpn: number, level: number): number {
    return this.core.slotOf(this.pgd(mm), BigInt(vpn), level);
  }

  /** Table in which that entry stands. */
  tableOf(mm: number, vpn: number, level: number): number {
    this.slot(mm, vpn, level);
    return this.core.slotTable();
  }

  /** Lets `mm` reach a PMD table of another one at `vpn` (which must have no table there yet). */
  share(mm: number, vpn: number, table: number): void {
    this.core.allocTables(mm, BigInt(vpn), 2);
    this.core.writeEntry(this.slot(mm, vpn, 2), this.core.makeEntry(table, Entry.PRESENT | Entry.WRITE));
  }

  /** Announces to the oracle, and then clears, the entry of `mm` for `vpn` at `level`. */
  clear(mm: number, vpn: number, level: number, guard = 0): void {
    const slot = this.slot(mm, vpn, level);
    this.core.entryCleared(mm, BigInt(vpn), level, this.core.slotTable(), slot, guard);
    this.core.writeEntry(slot, 0);
  }

  /** Links a shared hugetlb VMA of file 0; gives its word. */
  vma(
    mm: number,
    start: number,
    end: number,
    options: { flags?: number; offset?: number; file?: number } = {},
  ): number {
    const { flags = SHARED_FLAGS, offset = 0, file = 0 } = options;
    const number = this.core.linkVma(mm, BigInt(start), BigInt(end), flags, file + 1, BigInt(offset));
    return this.machine.vma(number - 1);
  }

  vmaNumber(vma: number): number {
    return (vma - this.machine.vma(0)) / Vma.WORDS + 1;
  }

  owed(): Owed[] {
    return Array.from({ length: this.machine.obligations() }, (_, i) => {
      const at = this.machine.obligation(i);
      return {
        mm: this.get(at + Obligation.MM),
        start: this.machine.long(at + Obligation.START),
        level: this.get(at + Obligation.LEVEL),
        frame: this.get(at + Obligation.FRAME),
        holders: this.get(at + Obligation.HOLDERS),
        flags: this.get(at + Obligation.FLAGS),
      };
    });
  }

  /** Kinds of the violations so far, in order. */
  violations(): number[] {
    return this.machine.violations().map(({ kind }) => kind);
  }

  /** `cpu` completes an invalidation of [from, to) of `mm` (everything, for a whole context). */
  invalidate(cpu: number, mm: number, scope: Scope, from = 0, to = 0, hint = 0): void {
    this.core.invalidated(cpu, mm, scope, hint, BigInt(from), BigInt(to), 0);
  }

  lock(ref: LockRef, task = 0): number {
    return this.core.lockOf(this.task(task), ref);
  }
}

export const rig = (options?: RigOptions): Rig => new Rig(options);
