/**
 * DynamoRIO's canonical offline trace: records of 12 bytes, u16 type, u16 size, u64 address, little-endian.
 *
 * Kept: reads, writes, fetched instructions, switches of CPU and of process. Skipped: prefetches (they may not fault
 * and not walk), cache flushes, encodings, markers other than CPU_ID, instructions that were not fetched (each
 * iteration of a string instruction). The footer ends the trace; a trace without one is cut.
 *
 * Reference: clients/drcachesim/common/trace_entry.h (versions 2 to 6), reader/reader.cpp.
 */
import { RECORDS_MAX, ReadFault, ReadStatus, ReadWord } from "../../abi/read";
import { RecordType } from "../../abi/replay";
import {
  bad,
  clip,
  done,
  INPUT,
  long,
  RECORDS,
  record,
  refuse,
  setLong,
  setWord,
  switchAsid,
  switchCpu,
  THREAD_NAMES,
  THREADS_MAX,
  word,
} from "./arena";

const RECORD_BYTES: usize = 12;

const enum Entry {
  READ = 0,
  WRITE = 1,
  INSTR = 10,
  INSTR_RETURN = 16,
  BUNDLE = 17,
  THREAD = 22,
  PID = 24,
  HEADER = 25,
  FOOTER = 26,
  MARKER = 28,
  NO_FETCH = 29,
  MAYBE_FETCH = 30,
  SYSENTER = 31,
  TAKEN_JUMP = 48,
  LAST = 49,
}

const MARKER_CPU_ID: u32 = 3;

export function readDrmemtrace(arena: usize, length: u32): u32 {
  const end = arena + INPUT + <usize>length;
  const outEnd = arena + RECORDS + 8 * <usize>(RECORDS_MAX - 8);
  let p = arena + INPUT;
  let out = arena + RECORDS;
  setWord(arena, ReadWord.STATUS, ReadStatus.MORE);
  while (p + RECORD_BYTES <= end && out < outEnd) {
    const type: i32 = load<u16>(p);
    if (type == Entry.FOOTER) {
      setWord(arena, ReadWord.STATUS, ReadStatus.END);
      p += RECORD_BYTES;
      break;
    }
    if (type > Entry.LAST) {
      bad(arena, ReadFault.RECORD_TYPE, p);
      break;
    }
    const next = entry(arena, type, p, out);
    if (next == 0) break;
    out = next;
    p += RECORD_BYTES;
  }
  return done(arena, p, out);
}

/** One record of the trace; returns the end of ours, 0 after a fault. */
function entry(arena: usize, type: i32, p: usize, out: usize): usize {
  const size: u32 = load<u16>(p, 2);
  const address = load<u64>(p, 4);
  if (type <= Entry.WRITE) {
    const kind: u64 = type == Entry.READ ? RecordType.LOAD : RecordType.STORE;
    store<u64>(out, record(kind, clip(arena, <u64>size), address));
    return out + 8;
  }
  if ((type >= Entry.INSTR && type <= Entry.INSTR_RETURN) || type == Entry.SYSENTER || type >= Entry.TAKEN_JUMP) {
    return fetch(arena, <u64>size, address, out);
  }
  switch (type) {
    case Entry.MAYBE_FETCH:
      return maybeFetch(arena, size, address, out);
    case Entry.NO_FETCH:
      setLong(arena, ReadWord.BUNDLE_PC, address + <u64>size);
      return out;
    case Entry.BUNDLE:
      return bundle(arena, p, size, out);
    case Entry.THREAD:
      return checked(arena, p, switchThread(arena, address, out), ReadFault.TOO_MANY_ASIDS);
    case Entry.PID:
      return checked(arena, p, nameProcess(arena, address, out), ReadFault.TOO_MANY_ASIDS);
    case Entry.MARKER: {
      // Twelve bits of CPU, the socket above; all ones if the CPU is not known.
      if (size != MARKER_CPU_ID || ~address == 0) return out;
      return checked(arena, p, switchCpu(arena, address & 0xfff, out), ReadFault.TOO_MANY_CPUS);
    }
    default:
      return out;
  }
}

function checked(arena: usize, p: usize, out: usize, fault: u32): usize {
  if (out == 0) bad(arena, fault, p);
  return out;
}

function fetch(arena: usize, size: u64, address: u64, out: usize): usize {
  store<u64>(out, record(RecordType.FETCH, clip(arena, size), address));
  setLong(arena, ReadWord.BUNDLE_PC, address + size);
  return out + 8;
}

/** Online traces: the same instruction again is the next iteration of a string instruction, and not fetched. */
function maybeFetch(arena: usize, size: u32, address: u64, out: usize): usize {
  if (long(arena, ReadWord.BUNDLE_PC) == address + <u64>size) return out;
  return fetch(arena, <u64>size, address, out);
}

/** Instructions that follow the last one, a length each in the address field. */
function bundle(arena: usize, p: usize, count: u32, out: usize): usize {
  if (count > 8) {
    return refuse(arena, ReadFault.SIZE, p + 2);
  }
  for (let i: u32 = 0; i < count; i++) {
    out = fetch(arena, <u64>load<u8>(p + 4 + <usize>i), long(arena, ReadWord.BUNDLE_PC), out);
  }
  return out;
}

/** Threads as pairs (thread, process), process 0 until it is named; TOTAL is the current pair. */
function switchThread(arena: usize, thread: u64, out: usize): usize {
  const count = word(arena, ReadWord.OPENED);
  let index: u32 = 0;
  while (index < count && load<u64>(pair(arena, index)) != thread) index++;
  if (index == count) {
    if (count == THREADS_MAX) return 0;
    setWord(arena, ReadWord.OPENED, count + 1);
    store<u64>(pair(arena, index), thread);
    store<u64>(pair(arena, index), 0, 8);
  }
  setWord(arena, ReadWord.TOTAL, index);
  const process = load<u64>(pair(arena, index), 8);
  return process == 0 ? out : switchAsid(arena, process, out);
}

function nameProcess(arena: usize, process: u64, out: usize): usize {
  store<u64>(pair(arena, word(arena, ReadWord.TOTAL)), process, 8);
  return switchAsid(arena, process, out);
}

function pair(arena: usize, index: u32): usize {
  return arena + THREAD_NAMES + ((<usize>index) << 4);
}
