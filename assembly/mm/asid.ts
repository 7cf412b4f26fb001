/**
 * arch/arm64/mm/context.c: ASIDs are few, so they come in generations.
 *
 * Protocol
 *   When none is left a new generation begins: every CPU has to drop its whole TLB before it next loads an mm. An mm
 *   that some CPU has loaded then keeps its ASID, also when that CPU has left it before it is loaded again; any other
 *   gets a new one when it is next loaded. (Linux tries the old one first, if nobody has taken it: here somebody has.)
 *   So the ASID of an mm can change under somebody who is about to invalidate for it and does not run it.
 *
 * Invariants
 *   A1  What a CPU keeps under an ASID of an earlier generation, it drops before it can use it.
 *
 * Reference: check_and_switch_context, new_context, flush_context, check_update_reserved_asid [S: 5.0];
 * 5e10f9887ed8 [S: 7.0rc6, its comment].
 */
import { Hidden } from "../abi/events";
import { Machine, Reg, Scope } from "../abi/operands";
import { Cpu, Globals, Mm } from "../abi/records";
import { invalidateAll } from "../hw/invalidate";
import { concrete, cpuAt, cpus, get, globalWord, machine, mmAt, mms, put, regWord } from "../word";
import { drop } from "./spaces";

function hasGenerations(): bool {
  return machine == Machine.ARM64 || machine == Machine.ARM64_RANGE || machine == Machine.PRECISE;
}

export function rollover(): void {
  if (!hasGenerations()) return;
  const epoch = get(globalWord(Globals.ASID_EPOCH)) + 1;
  put(globalWord(Globals.ASID_EPOCH), epoch);
  put(globalWord(Globals.ASID_FLUSH), (1 << cpus) - 1);
  for (let mm: u32 = 0; mm < mms; mm++) if (isLoaded(mm)) put(mmAt(mm) + Mm.ASID_EPOCH, epoch);
}

function isLoaded(mm: u32): bool {
  for (let cpu: u32 = 0; cpu < cpus; cpu++) if (get(cpuAt(cpu) + Cpu.LOADED_MM) == mm + 1) return true;
  return false;
}

/** `cpu` is about to load `mm`: a new ASID if its generation is over, and the flush that the new one needs. */
export function takeAsid(cpu: u32, mm: u32): void {
  const record = mmAt(mm);
  const epoch = get(globalWord(Globals.ASID_EPOCH));
  if (get(record + Mm.ASID_EPOCH) != epoch) {
    put(record + Mm.ASID, get(record + Mm.ASID) + 1);
    put(record + Mm.ASID_EPOCH, epoch);
  }
  const pending = globalWord(Globals.ASID_FLUSH);
  if ((get(pending) & (1 << cpu)) == 0) return;
  put(pending, get(pending) & ~(1 << cpu));
  if (concrete) invalidateAll(cpu);
  for (let m: u32 = 0; m < mms; m++) drop(cpu, m, Scope.CONTEXT, 0, 0, 0, Hidden.WHOLE_MM);
}

export function asidOf(task: u32): u32 {
  return get(mmAt(regWord(task, Reg.FLUSH_MM)) + Mm.ASID);
}
