/**
 * arch/arm64/include/asm/tlbflush.h: broadcast TLBI, and DSB that waits for it. The `precise` machine uses the same
 * two steps and no limits.
 *
 * Protocol
 *   TLBI reaches every CPU at some moment before the issuer's DSB ends. The oracle counts it when the DSB ends and only
 *   for entries cleared before the TLBI: later than that no hardware may be, and nothing earlier can be relied on.
 *   Concrete TLBs drop their entries at the TLBI or at the DSB, as the run chooses (Run.TLBI_EARLY).
 *
 * Reference: __flush_tlb_range, tlb_flush [S: kernel.md 4.3].
 */

import { EventKind, Hidden, Sometimes } from "../abi/events";
import { Boot, Run } from "../abi/layout";
import { Erratum, Machine, Reg, Scope } from "../abi/operands";
import { Cpu, Tally } from "../abi/records";
import { Task } from "../abi/tasks";
import { event, sometimes } from "../ghost/report";
import { completed, issued, usersOf } from "../ghost/rules";
import { addressScope, invalidate } from "../hw/invalidate";
import { alignDown, alignUp, pagesOf } from "../hw/tables";
import {
  add,
  boot,
  concrete,
  cpuAt,
  cpus,
  get,
  getLong,
  machine,
  put,
  putLong,
  reg,
  regWord,
  runWord,
  setReg,
  tally,
} from "../word";
import { asidOf } from "./asid";
import { spaceOfMm } from "./spaces";

/** MAX_TLBI_RANGE_PAGES: 8 GiB of base pages. */
const RANGE_PAGES_MAX: u64 = 2097152;

/**
 * FULL when __flush_tlb_range gives up on addresses; rounds the range to the stride otherwise.
 * A gather of a dying mm (fullmm) flushes everything if tables were freed, and nothing if not: the ASID is retired.
 */
export function decideLimits(task: u32): void {
  if (regWord(task, Reg.FULL) != 0) {
    setReg(task, Reg.FULL, Hidden.WHOLE_MM);
    return;
  }
  if (machine == Machine.PRECISE) return;
  const stride = regWord(task, Reg.STRIDE);
  const from = alignDown(reg(task, Reg.RANGE_START), stride);
  const to = alignUp(reg(task, Reg.RANGE_END), stride);
  setReg(task, Reg.RANGE_START, from);
  setReg(task, Reg.RANGE_END, to);
  const size = to - from;
  const looped = machine == Machine.ARM64 && size >= <u64>boot(Boot.DVM_OPS) * pagesOf(stride);
  if (looped || size >= RANGE_PAGES_MAX) setReg(task, Reg.FULL, Hidden.DVM_LIMIT);
}

/** TLBI: leaf-only unless TABLES; the level hint in `hint` (level + 1, 0 none). */
export function tlbi(task: u32, hint: u32): void {
  const cpu = get(task + Task.CPU);
  const self = cpuAt(cpu);
  const mm = regWord(task, Reg.FLUSH_MM);
  const full = regWord(task, Reg.FULL);
  const scope: u32 = full != 0 ? <u32>Scope.CONTEXT : addressScope(regWord(task, Reg.TABLES) == 0);
  const from = reg(task, Reg.RANGE_START);
  const to = reg(task, Reg.RANGE_END);
  // Reclaim broadcasts page after page and waits once: what was issued before may have arrived by now.
  if (concrete && get(self + Cpu.ISSUED) != 0) reachAll(self);
  put(self + Cpu.REQUEST_MM, mm + 1);
  putLong(self + Cpu.REQUEST_START, from);
  putLong(self + Cpu.REQUEST_END, to);
  put(self + Cpu.ISSUED, get(self + Cpu.ISSUED) == Issued.WAITED_ONCE ? Issued.REPEATED : Issued.ONCE);
  put(self + Cpu.ISSUED_SCOPE, scope | (full << 8));
  put(self + Cpu.ISSUED_HINT, hint);
  add(tally(Tally.FLUSHES), 1);
  add(tally(Tally.TLBIS), 1);
  if (full != 0) add(tally(Tally.FULL_FLUSHES), 1);
  if ((usersOf(mm, true) & ~(1 << cpu)) != 0) sometimes(Sometimes.REMOTE_FLUSH);
  event(
    EventKind.FLUSH,
    cpu,
    mm,
    from,
    to,
    hint,
    regWord(task, Reg.STRIDE) | (regWord(task, Reg.TABLES) << 8) | (full << 9),
  );
  if (concrete && runWord(Run.TLBI_EARLY) != 0) reachAll(self);
  issued(cpu, mm, scope, hint, from, to);
}

/** Where a CPU stands between its TLBI and the end of what it waits for. */
const enum Issued {
  NOTHING,
  ONCE,
  /**
   * Faulty hardware only: a DSB has ended, and accesses through the old translation may be under way. The DSB of the
   * next TLBI is taken to end in time for both, whatever that TLBI was about: the workaround's is about the same.
   */
  WAITED_ONCE,
  REPEATED,
}

function endsEarly(): bool {
  const faulty = (boot(Boot.ERRATA) & Erratum.DSB_EARLY) != 0;
  return faulty && (machine == Machine.ARM64 || machine == Machine.ARM64_RANGE);
}

/** TLBI for an ASID that was read earlier: when the mm has another by now, nothing of what it uses is reached. */
export function tlbiAsid(task: u32, asid: u32): void {
  if (regWord(task, asid) == asidOf(task)) tlbi(task, 0);
}

export function dsb(task: u32): void {
  const cpu = get(task + Task.CPU);
  const self = cpuAt(cpu);
  if (get(self + Cpu.ISSUED) == Issued.NOTHING) return;
  if (get(self + Cpu.ISSUED) != Issued.REPEATED && endsEarly()) {
    put(self + Cpu.ISSUED, Issued.WAITED_ONCE);
    return;
  }
  if (concrete && runWord(Run.TLBI_EARLY) == 0) reachAll(self);
  put(self + Cpu.ISSUED, 0);
  const scope = get(self + Cpu.ISSUED_SCOPE);
  const mm = get(self + Cpu.REQUEST_MM) - 1;
  event(
    EventKind.INVALIDATED,
    0xff,
    mm,
    getLong(self + Cpu.REQUEST_START),
    getLong(self + Cpu.REQUEST_END),
    scope & 255,
    get(self + Cpu.ISSUED_HINT),
  );
  const from = getLong(self + Cpu.REQUEST_START);
  const to = getLong(self + Cpu.REQUEST_END);
  completed(cpu, mm, scope & 255, get(self + Cpu.ISSUED_HINT), from, to, scope >> 8);
}

function reachAll(self: u32): void {
  const mm = get(self + Cpu.REQUEST_MM) - 1;
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const from = getLong(self + Cpu.REQUEST_START);
    const to = getLong(self + Cpu.REQUEST_END);
    invalidate(cpu, spaceOfMm(cpu, mm), get(self + Cpu.ISSUED_SCOPE) & 255, get(self + Cpu.ISSUED_HINT), from, to);
  }
}
