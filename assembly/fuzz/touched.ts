/**
 * What the next op of a task works on: the lock, entry, table, page, file or mm that another task could be at as well.
 *
 * Two ops of two agents on one object are a conflict: coverage counts the pairs, partial-order sampling draws them
 * anew. An interrupt works on its CPU.
 */
import { Reg } from "../abi/operands";
import { Op } from "../abi/ops";
import { Frame } from "../abi/records";
import { Task } from "../abi/tasks";
import { lockOf } from "../mm/locks";
import { codeBase, cpuAt, fileAt, frameAt, get, mmAt, regWord, taskAt, tasks } from "../word";

/** Kind of object of each visible op. */
const enum On {
  NOTHING,
  LOCK,
  ENTRY,
  TABLE,
  PAGE,
  FILE,
  FLUSHED,
  CPU,
  ADDRESS,
  MM,
}

// biome-ignore format: one kind, one line
function onOf(code: u32): u32 {
  if (code <= <u32>Op.DOWNGRADE) return On.LOCK;
  if (code == Op.CLEAR_ENTRY || code == Op.SET_ENTRY) return On.ENTRY;
  if (code == Op.PROTECT_ENTRY || code == Op.MOVE_ENTRY) return On.ENTRY;
  if (code >= <u32>Op.PUD_CLEAR && code <= <u32>Op.PUD_POPULATE) return On.TABLE;
  if (code >= <u32>Op.RMAP_ADD && code <= <u32>Op.PUT_PAGE) return On.PAGE;
  if (code >= <u32>Op.FIND_OR_ALLOC_PAGE && code <= <u32>Op.REPLACE_IN_CACHE) return On.FILE;
  if (code == Op.WRITE_SIZE) return On.FILE;
  if (code >= <u32>Op.X86_NEXT_GENERATION && code <= <u32>Op.X86_SEND_IPI) return On.FLUSHED;
  if (code == Op.TLBI || code == Op.DSB) return On.FLUSHED;
  if (code == Op.ACCESS) return On.ADDRESS;
  if (code >= <u32>Op.GATHER_START && code <= <u32>Op.GATHER_FINISH) return On.NOTHING;
  if (code == Op.RETURN || code == Op.X86_WAIT_IPI) return On.NOTHING;
  return code == Op.ENTER_LAZY || code == Op.LEAVE_MM || code == Op.SWITCH_MM ? <u32>On.CPU : <u32>On.MM;
}

const kinds = memory.data(256);
let known: bool = false;

function learn(): void {
  for (let code: u32 = Op.VISIBLE; code < 256; code++) store<u8>(kinds + code, <u8>onOf(code));
  known = true;
}

/** A word that names the object of the agent's next step; 0 when nobody else can be at it. */
// biome-ignore format: one kind, one line
export function touched(agent: u32): u32 {
  if (!known) learn();
  if (agent >= tasks) return cpuAt(agent - tasks) + 1;
  const task = taskAt(agent);
  const op = codeBase + (get(task + Task.PC) << 2);
  const on: u32 = load<u8>(kinds + (get(op) & 255));
  switch (on) {
    case On.LOCK: return lockOf(task, get(op + 1));
    case On.ENTRY: return regWord(task, Reg.ENTRY);
    case On.TABLE: return frameAt(regWord(task, Reg.TABLE)) + Frame.REFERENCES;
    case On.PAGE: return frameAt(regWord(task, Reg.PAGE)) + Frame.REFERENCES;
    case On.FILE: return fileAt(regWord(task, Reg.FILE)) + 16 + regWord(task, Reg.INDEX);
    case On.FLUSHED: return mmAt(regWord(task, Reg.FLUSH_MM)) + 2;
    case On.CPU: return cpuAt(get(task + Task.CPU)) + 1;
    case On.ADDRESS: return 0x40000000 | (get(task + Task.MM) << 16) | regWord(task, Reg.START);
    case On.MM: return mmAt(regWord(task, Reg.MM)) + 1;
    default: return 0;
  }
}
