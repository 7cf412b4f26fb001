/*
 * The stepping benchmark in C: the same micro-ops on the same memory image with the same random schedules as the wasm
 * core, so that its counters and the sum of its state hashes are the core's, to the bit.
 *
 * Holds what the seed's race needs on x86 and nothing else; an op that is not ported stops the program.
 * Reads lines "time|check DEPTH SEED RUNS", answers "MICROSECONDS STEPS OPS KINDS SOMETIMES HIDDEN HASHES": CPU time;
 * OPS only with -DCOUNT_OPS.
 *
 *   cc -O3 -march=native -I build/bench -o build/bench/seed bench/native/seed.c && build/bench/seed IMAGE
 */
#include <time.h>

#include "word.h"
#include "ghost.h"
#include "rules.h"
#include "kernel.h"
#include "calls.h"

static bool freeQueued(u32 task) {
  u32 record = gatherOf(task), left = get(record + Gather_COUNT);
  if (left == 0) return false;
  put(record + Gather_COUNT, left - 1);
  u32 slot = record + Gather_WORDS + left - 1, frame = get(slot);
  put(slot, 0);
  putPage(frame);
  return left > 1;
}

static void unported(u32 op) {
  fprintf(stderr, "seed.c: op %u is not ported\n", op);
  exit(3);
}

/* Ops run, visible and local. Counting costs time, so the program that is timed is compiled without. */
static u64 opsRun;
#ifdef COUNT_OPS
#define COUNT_OP() opsRun++
#else
#define COUNT_OP()
#endif

static u32 runLocal(u32 task, u32 pc) {
  u32 at = pc;
  for (u32 left = 4000000; left > 0; left--) {
    u32 op = codeBase + (at << 2), code = get(op);
    if (code >= Op_VISIBLE) return at;
    u32 a = get(op + 1), b = get(op + 2), c = get(op + 3);
    at++;
    COUNT_OP();
    switch (code) {
      case Op_JUMP: at = a; break;
      case Op_BRANCH_ZERO: if (reg(task, a) == 0) at = b; break;
      case Op_BRANCH_NONZERO: if (reg(task, a) != 0) at = b; break;
      case Op_BRANCH_GE: if (reg(task, a) >= reg(task, b)) at = c; break;
      case Op_SET: setReg(task, a, b); break;
      case Op_TEST: setReg(task, a, (regWord(task, b) & get(op + 3)) != 0); break;
      case Op_MOVE: setReg(task, a, reg(task, b)); break;
      case Op_ADD_PAGES: setReg(task, a, reg(task, a) + pagesOf(b)); break;
      case Op_SUB_PAGES: setReg(task, a, reg(task, a) - pagesOf(b)); break;
      case Op_ALIGN_DOWN: setReg(task, a, alignDown(reg(task, b), c)); break;
      case Op_ALIGN_UP: setReg(task, a, alignUp(reg(task, b), c)); break;
      case Op_WALK:
        setReg(task, Reg_ENTRY, slotOf(pgdOf(task), reg(task, a), b));
        setReg(task, Reg_TABLE, slotTable);
        break;
      case Op_READ_ENTRY: {
        u32 entry = get(regWord(task, Reg_ENTRY));
        setReg(task, a, entry);
        setReg(task, Reg_PAGE, frameOf(entry));
        break;
      }
      case Op_PMD_SHARED: {
        u32 table = regWord(task, Reg_TABLE);
        bool counted = get(restAt(table) + Rest_SHARE) != 0;
        setReg(task, a, b != 0 ? counted : get(frameAt(table) + Frame_REFERENCES) > 1);
        break;
      }
      case Op_NEXT_DETACHED: nextDetached(task); break;
      case Op_NEXT_IN_TREE: nextInTree(task); break;
      case Op_VMA_BOUNDS: vmaBounds(task, a); break;
      case Op_NEXT_CACHED: nextCached(task); break;
      case Op_RECORD: gatherRecord(gatherOf(task), reg(task, a), pagesOf(b), 1u << c); break;
      case Op_GATHER_NEEDS: setReg(task, a, (get(gatherOf(task) + Gather_BITS) & GatherBit_NEEDS_FLUSH) != 0); break;
      case Op_GATHER_RANGE: loadRange(task); break;
      case Op_GATHER_RESET: gatherReset(gatherOf(task)); break;
      case Op_GATHER_QUEUE: setReg(task, a, queue(gatherOf(task), regWord(task, Reg_PAGE))); break;
      case Op_GATHER_QUEUED: setReg(task, a, get(gatherOf(task) + Gather_COUNT)); break;
      case Op_GATHER_FULL: setReg(task, a, get(gatherOf(task) + Gather_COUNT) >= boot(Boot_BATCH)); break;
      case Op_GATHER_PROMOTE: if (reg(task, a) > 1) gatherPromote(gatherOf(task)); break;
      case Op_CHECK_RECORDED: checkGather(task); break;
      case Op_X86_CEILING: decideFull(task); break;
      case Op_GATHER_WALKERS: setReg(task, a, 0); break; /* no walker in the seed */
      default: unported(code);
    }
  }
  violation(Fault_UNBALANCED, 0, 10);
  return at;
}

static void makeUnshareable(u32 flags, bool keeps) {
  put(flags, keeps ? get(flags) | VmaFlag_ALONE : get(flags) & ~(u32)VmaFlag_MAYSHARE);
}

static u32 visible(u32 task, u32 pc) {
  u32 op = codeBase + (pc << 2), a = get(op + 1), b = get(op + 2);
  switch (get(op)) {
    case Op_LOCK_WRITE: acquire(task, lockOf(task, a), true, b); break;
    case Op_UNLOCK: unlock(task, lockOf(task, a), b); break;
    case Op_DOWNGRADE: downgrade(task, lockOf(task, a)); break;
    case Op_DETACH_VMAS: detachVmas(task, false); break;
    case Op_DETACH_ALL: detachVmas(task, true); break;
    case Op_VMA_UNSHAREABLE: makeUnshareable(vmaAt(regWord(task, Reg_VMA) - 1) + Vma_FLAGS, a != 0); break;
    case Op_UNLINK_FILE_VMA: put(vmaAt(regWord(task, Reg_VMA) - 1) + Vma_IN_TREE, 0); break;
    case Op_FREE_VMAS: freeDetached(task); break;
    case Op_WRITE_SIZE: put(fileAt(regWord(task, Reg_FILE)) + FileRecord_SIZE, regWord(task, a)); break;
    case Op_PUD_CLEAR: pudClear(task, a); break;
    case Op_TABLE_PUT: if (tablePut(task, a != 0)) putPage(regWord(task, Reg_TABLE)); break;
    case Op_CLEAR_ENTRY: clearEntry(task, a, b); break;
    case Op_FREE_NEXT_TABLE: setReg(task, a, freeNextTable(task)); break;
    case Op_RMAP_REMOVE: rmapRemove(task); break;
    case Op_REMOVE_FROM_CACHE: removeFromCache(task); break;
    case Op_GATHER_START: gatherStart(task, a); break;
    case Op_GATHER_COUNT: setReg(task, a, get(mmAt(get(gatherOf(task) + Gather_MM) - 1) + Mm_FLUSH_PENDING)); break;
    case Op_GATHER_FREE: setReg(task, a, freeQueued(task)); break;
    case Op_GATHER_FINISH: gatherFinish(task); break;
    case Op_X86_NEXT_GENERATION: nextGeneration(task); break;
    case Op_X86_FLUSH_LOCAL: flushLocal(task); break;
    case Op_X86_SEND_IPI: sendIpi(task); break;
    case Op_X86_WAIT_IPI: break;
    case Op_AWAIT_CLEAR: break;
    case Op_ENTER_LAZY: put(cpuAt(get(task + Task_CPU)) + Cpu_LAZY, 1); break;
    case Op_LEAVE_MM: leaveMm(get(task + Task_CPU)); break;
    default: unported(get(op));
  }
  return pc + 1;
}

static void settle(u32 task, u32 pc) {
  u32 at = runLocal(task, pc), code = get(codeBase + (at << 2)), wait = 0;
  put(task + Task_PC, at);
  put(task + Task_WAIT_WRITE, code == Op_LOCK_READ ? 0 : 1);
  if (code == Op_LOCK_READ || code == Op_LOCK_WRITE) wait = lockOf(task, get(codeBase + (at << 2) + 1));
  else if (code == Op_X86_WAIT_IPI) wait = cpuAt(get(task + Task_CPU)) + Cpu_AWAITED;
  else if (code == Op_AWAIT_CLEAR)
    wait = slotOf(get(mmAt(regWord(task, Reg_NEW_START)) + Mm_PGD), reg(task, Reg_START), 2);
  put(task + Task_WAIT, wait);
}

static void nextCall(u32 task) {
  u32 at = get(task + Task_SCRIPT);
  if (at >= get(task + Task_SCRIPT_END)) {
    put(task + Task_DONE, 1), put(task + Task_WAIT, 0);
    return;
  }
  u32 count = get(scriptBase + at + 1);
  setReg(task, Reg_MM, get(task + Task_MM));
  for (u32 i = 0; i < count; i++) {
    u32 word = scriptBase + at + 2 + i * 3;
    setReg(task, get(word), getLong(word + 1));
  }
  put(task + Task_SCRIPT, at + 2 + count * 3), put(task + Task_SIGNAL, 0);
  settle(task, get(scriptBase + at));
}

static void returned(u32 task, bool ranged) {
  if (ranged) callReturned(get(task + Task_MM), reg(task, Reg_START), reg(task, Reg_END));
  callEnds(currentAgent);
  if (get(task + Task_RANKS) != 0) violation(Fault_UNBALANCED, 0, 8);
  if (get(gatherOf(task) + Gather_MM) != 0) violation(Fault_UNBALANCED, 0, 9);
  clear(task + Task_REGISTER, REGISTERS * 2);
  nextCall(task);
}

static void stepAgent(u32 agent) {
  add(tally(Tally_STEPS), 1);
  COUNT_OP();
  currentAgent = agent;
  if (agent >= tasks + cpus) exit(1); /* hardware agents are not ported */
  if (agent >= tasks) {
    currentPc = 0xffffffff;
    event(EventKind_STEP, agent - tasks, 0, 0, 0, 0, 0xffffffff);
    handleIpi(agent - tasks);
    return;
  }
  u32 task = taskAt(agent), pc = get(task + Task_PC), op = codeBase + (pc << 2);
  currentPc = pc;
  if (tracing) event(EventKind_STEP, get(task + Task_CPU), 0, 0, 0, 0, pc);
  if (get(op) == Op_RETURN) returned(task, get(op + 1) != 0);
  else settle(task, visible(task, pc));
}

#include "random.h"
