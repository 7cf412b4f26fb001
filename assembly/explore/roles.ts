/**
 * What each word of the state names, for those that permute it (twins.ts, symmetry.ts).
 *
 * What is not said here names nothing. test/explore/symmetry.test.ts looks: a state whose names are exchanged goes on
 * like the state itself, with its names exchanged.
 */
import { Base, Boot } from "../abi/layout";
import { Reg } from "../abi/operands";
import { Cpu, FileRecord, Frame, Globals, Mm, Rest } from "../abi/records";
import { Gather, Task } from "../abi/tasks";
import {
  base,
  boot,
  cpuAt,
  cpus,
  fileAt,
  fileWords,
  frameAt,
  gatherOf,
  gatherWords,
  globalWord,
  mmAt,
  mms,
  restAt,
  tableAt,
  tableBase,
  taskAt,
  tasks,
} from "../word";
import { Role, setRole } from "./twins";

/** Masks of CPUs: all that names a CPU on which no task runs. */
export function noteMasks(): void {
  for (let cpu: u32 = 0; cpu < cpus; cpu++) {
    const record = cpuAt(cpu);
    setRole(record + Cpu.PENDING, Role.SENDERS);
    setRole(record + Cpu.PENDING_ALL, Role.SENDERS);
    setRole(record + Cpu.AWAITED, Role.CPUS);
    setRole(record + Cpu.SYNCS, Role.CPUS);
    setRole(record + Cpu.RUNNERS, Role.CPUS);
  }
  for (let mm: u32 = 0; mm < mms; mm++) {
    setRole(mmAt(mm) + Mm.CPUMASK, Role.CPUS);
    setRole(mmAt(mm) + Mm.HOLDERS, Role.CPUS);
  }
  for (let task: u32 = 0; task < tasks; task++) setRole(taskAt(task) + Task.BATCH_CPUS, Role.CPUS);
  setRole(globalWord(Globals.ASID_FLUSH), Role.CPUS);
}

/** Everything else that names something. */
export function noteNames(): void {
  for (let i: u32 = 0; i < 6; i++) setRole(globalWord(Globals.FREE_TABLE + i), Role.FRAME);
  setRole(globalWord(Globals.HUGE_ZERO), Role.FRAME);
  for (let cpu: u32 = 0; cpu < cpus; cpu++) noteCpu(cpu);
  for (let mm: u32 = 0; mm < mms; mm++) noteMm(mmAt(mm));
  for (let task: u32 = 0; task < tasks; task++) noteTask(taskAt(task));
  for (let file: u32 = 0; file < boot(Boot.FILES); file++) {
    setRole(fileAt(file) + FileRecord.I_MMAP, Role.TASKS);
    setRole(fileAt(file) + FileRecord.FAULT_MUTEX, Role.TASKS);
    for (let i: u32 = FileRecord.WORDS; i < fileWords; i++) setRole(fileAt(file) + i, Role.FRAME);
  }
  for (let frame: u32 = 1; frame < base(Base.FRAMES); frame++) {
    setRole(frameAt(frame) + Frame.USE, Role.USE);
    setRole(restAt(frame) + Rest.LOCK, Role.TASKS);
    setRole(restAt(frame) + Rest.SAVED, Role.FRAME);
  }
  for (let word = tableBase; word < tableAt(boot(Boot.TABLE_FRAMES) + 1); word++) setRole(word, Role.ENTRY);
}

/** A slot of TLBs without limits is an entry and a generation. */
function noteCpu(cpu: u32): void {
  setRole(cpuAt(cpu) + Cpu.LOADED_MM, Role.MM);
  setRole(cpuAt(cpu) + Cpu.REQUEST_MM, Role.MM);
  for (let slot: u32 = 0; slot < 6; slot++) setRole(cpuAt(cpu) + Cpu.SLOTS + 2 * slot, Role.MM);
  const count = boot(Boot.CONCRETE) != 0 ? base(Base.TLB_WORDS) : 0;
  for (let i: u32 = 0; i < count; i += 2) setRole(base(Base.TLB) + cpu * count + i, Role.ENTRY);
}

function noteMm(mm: u32): void {
  setRole(mm + Mm.PGD, Role.FRAME);
  setRole(mm + Mm.CONTEXT, Role.MM);
  setRole(mm + Mm.MIRRORS, Role.MM);
  setRole(mm + Mm.MMAP_LOCK, Role.TASKS);
  setRole(mm + Mm.PAGE_TABLE_LOCK, Role.TASKS);
  setRole(mm + Mm.VMA_WRITE, Role.TASKS);
}

function register(task: u32, number: u32): u32 {
  return task + Task.REGISTER + 2 * number;
}

function noteTask(task: u32): void {
  setRole(task + Task.MM, Role.INDEX);
  setRole(task + Task.CPU, Role.CPU);
  setRole(task + Task.WAIT, Role.WORD);
  setRole(task + Task.SCRIPT, Role.SCRIPT);
  setRole(task + Task.SCRIPT_END, Role.SCRIPT);
  setRole(task + Task.WALK_TABLE, Role.FRAME);
  setRole(task + Task.GUP_TABLE, Role.PIN);
  setRole(register(task, Reg.MM), Role.OWN);
  setRole(register(task, Reg.FLUSH_MM), Role.PIN);
  setRole(register(task, Reg.VMA), Role.PIN);
  setRole(register(task, Reg.TABLE), Role.FRAME);
  setRole(register(task, Reg.PAGE), Role.FRAME);
  setRole(register(task, Reg.ENTRY), Role.WORD);
  setRole(register(task, Reg.NEW_ENTRY), Role.WORD);
  const gather = gatherOf(task);
  setRole(gather + Gather.MM, Role.MM);
  for (let i: u32 = Gather.WORDS; i < gatherWords; i++) setRole(gather + i, Role.FRAME);
}
