/**
 * What each machine's invalidations drop. All the rules stand here, and the oracle and the TLBs both read them.
 *
 *   machine       instruction                     leaves                walk caches
 *   x86           INVLPG                          of the address        all of the PCID        [M: SDM 4.10.4.1]
 *   x86           CR3 write, INVPCID one context  all but global        all of the PCID        [M: SDM 4.10.4.1]
 *   x86-pti       INVLPG, for the kernel PCID     of the address        all of the PCID        [S: 7.0rc6]
 *                 INVPCID, for the user PCID      of the address        those on the path      [S: kernel.md 4.2]
 *                 mark, and flush on return       all but global        all of the user PCID   [S: 7.0rc6]
 *   x86-tce       INVLPG with EFER.TCE (AMD)      of the address        those on the path      [T: CVE-2026-74674]
 *   x86-invlpgb   INVLPGB with EFER.TCE           of the address        those on the path      [T: CVE-2026-74674]
 *                 INVLPGB of one PCID             all but global        all of the PCID        [S: 7.0rc6]
 *   arm64         VALE1IS                         of the address        none                   [T: c2ff4764e03e]
 *   arm64         VAE1IS                          of the address        those on the path      [T: c2ff4764e03e]
 *   arm64         ASIDE1IS                        all of the ASID       all of the ASID        [T: c2ff4764e03e]
 *   any arm64     TTL hint of another level       nothing               nothing                [S: kernel.md 4.3]
 *   riscv         SFENCE.VMA address, ASID        of the address        none                   [M: privileged spec.]
 *                 SFENCE.VMA ASID                 all but global        all of the ASID        [M: privileged spec.]
 *   faulty x86    INVLPG with PCID (ce0b15d11ad8)  all but global        all of the PCID        [S: 7.0rc6]
 *   faulty arm64  DSB after the first TLBI        what it waits for may still be in use         [S: 6.12.117]
 *   precise       as arm64 with range operations; a machine that hides nothing
 *
 * AMD without TCE is as Intel: x86. With PTI a user access goes through the user PCID, and INVLPG of the kernel PCID
 * reaches at least as much: so the user PCID decides, and is what the TLBs here hold. Without INVPCID (Boot.INVPCID)
 * the user PCID goes as a whole before user mode is back, and what is left is what the kernel PCID keeps.
 *
 * An address inside a huge page names the whole page: one INVLPG is enough for 2 MiB [S: tlb.rst].
 * Tags such as [M] say how a fact is known; the list of tags is in ARCHITECTURE.md.
 */

import { Base, Boot } from "../abi/layout";
import { Erratum, Machine, Scope } from "../abi/operands";
import { Entry } from "../abi/records";
import { base, boot, clearWords, get, getLong, machine, put, unlimited } from "../word";
import { pagesOf } from "./tables";
import { Cached, endEntries, leafEntries, spaceOf, walkEntries } from "./tlb";
import {
  isWalkPart,
  lastPart,
  levelOfPart,
  partFirst,
  partSlots,
  SLOT_WORDS,
  slotsOf,
  slotsPerSpace,
} from "./unlimited";

/** The scope of an address invalidation that the kernel asked to be leaf-only or not. */
export function addressScope(leafOnly: bool): u32 {
  if (machine == Machine.X86) return Scope.ALL_WALK;
  if (machine == Machine.X86_PTI) return boot(Boot.INVPCID) != 0 ? Scope.PATH : Scope.ALL_WALK;
  if (machine == Machine.X86_TCE || machine == Machine.X86_INVLPGB) return Scope.PATH;
  if (machine == Machine.RISCV) return Scope.LEAF;
  return leafOnly ? Scope.LEAF : Scope.PATH;
}

/** Whether an invalidation of [from, to) reaches a leaf entry of `level` that starts at `start`. Hint 0: any level. */
export function reachesLeaf(scope: u32, hint: u32, from: u64, to: u64, start: u64, level: u32): bool {
  if (scope == Scope.CONTEXT) return true;
  if (hint != 0 && hint - 1 != level) return false;
  return start < to && from < start + pagesOf(level);
}

/** Whether it reaches a paging-structure entry of `level` (which points to a table of level - 1) at `start`. */
export function reachesWalk(scope: u32, hint: u32, from: u64, to: u64, start: u64, level: u32): bool {
  if (scope == Scope.CONTEXT || scope == Scope.ALL_WALK) return true;
  if (scope == Scope.LEAF) return false;
  if (hint != 0 && hint - 1 >= level) return false;
  return start < to && from < start + pagesOf(level);
}

/** Drops from one CPU what an invalidation of `space` reaches. */
export function invalidate(cpu: u32, space: u32, scope: u32, hint: u32, from: u64, to: u64): void {
  if (unlimited) {
    invalidateUnlimited(cpu, space, scope, hint, from, to);
    return;
  }
  const walks = walkEntries(cpu);
  const end = endEntries(cpu);
  let entry = leafEntries(cpu);
  while (entry < end) {
    const tag = get(entry);
    if (tag != 0 && spaceOf(tag) == space) {
      const start = getLong(entry + Cached.START);
      const level = (tag >> 1) & 7;
      const reached =
        entry < walks
          ? reachesLeaf(scope, hint, from, to, start, level) && !keptGlobal(entry, scope)
          : reachesWalk(scope, hint, from, to, start, level);
      if (reached) put(entry, 0);
    }
    entry += Cached.WORDS;
  }
}

/** The same on TLBs that have a slot for each translation. */
function invalidateUnlimited(cpu: u32, space: u32, scope: u32, hint: u32, from: u64, to: u64): void {
  const first = slotsOf(cpu) + (space - 1) * slotsPerSpace * SLOT_WORDS;
  for (let part: u32 = 0; part < lastPart; part++) {
    const level = levelOfPart(part);
    for (let i: u32 = 0; i < partSlots(part); i++) {
      const slot = first + (partFirst(part) + i) * SLOT_WORDS;
      if (get(slot) == 0) continue;
      const start = <u64>i * pagesOf(level);
      const reached = isWalkPart(part)
        ? reachesWalk(scope, hint, from, to, start, level)
        : reachesLeaf(scope, hint, from, to, start, level);
      if (reached) clearWords(slot, SLOT_WORDS);
    }
  }
}

function keptGlobal(entry: u32, scope: u32): bool {
  return (get(entry + Cached.FLAGS) & Entry.GLOBAL) != 0 && missesGlobal(scope);
}

/** A global translation survives the flush of a context; on faulty hardware, INVLPG too while PCIDs are in use. */
export function missesGlobal(scope: u32): bool {
  if (scope == Scope.CONTEXT) return true;
  const faulty = (boot(Boot.ERRATA) & Erratum.INVLPG_GLOBAL) != 0 && boot(Boot.PCID) != 0;
  return faulty && (machine == Machine.X86 || machine == Machine.X86_PTI);
}

/** Drops everything, global entries too. */
export function invalidateAll(cpu: u32): void {
  if (unlimited) {
    clearWords(slotsOf(cpu), base(Base.TLB_WORDS));
    return;
  }
  const first = leafEntries(cpu);
  clearWords(first, endEntries(cpu) - first);
}
