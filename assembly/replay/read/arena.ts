/**
 * The memory of one reader, and the small things that all readers do: tell a fault, number CPUs and ASIDs.
 *
 * Invariants
 *   A1  Parts do not overlap, and each ends with slack for a vector load or a burst of records beyond its last byte.
 *   A2  CPUs and ASIDs are numbered in the order in which the trace shows them, so that 0 is the first.
 */
import { ArenaPart, INPUT_BYTES, RECORDS_MAX, ReadStatus, ReadWord } from "../../abi/read";
import { RecordType } from "../../abi/replay";

const STATE: usize = 0;
/** CRC table of 1 KiB, then numbers of CPUs and ASIDs, 16 bits each by name. */
const TABLES: usize = 4096;
export const CRC_TABLE: usize = TABLES;
export const CPU_NUMBERS: usize = TABLES + 4096;
export const ASID_NAMES: usize = CPU_NUMBERS + 2 * 4096;
export const THREAD_NAMES: usize = ASID_NAMES + 8 * 256;
export const RECORDS: usize = 65536;
export const INPUT: usize = RECORDS + 8 * <usize>RECORDS_MAX + 4096;
export const PREDICTOR: usize = INPUT + <usize>INPUT_BYTES + 4096;
export const PREDICTOR_BYTES: usize = 1 << 20;
export const STREAMS: usize = PREDICTOR + PREDICTOR_BYTES;
const END: usize = STREAMS + (1 << 20);

export const ADDRESS_MASK: u64 = 0xffffffffffff;
export const CPUS_MAX: u32 = 4096;
export const ASIDS_MAX: u32 = 256;
export const THREADS_MAX: u32 = 2048;

export function arenaAt(part: u32): usize {
  switch (part) {
    case ArenaPart.STATE:
      return STATE;
    case ArenaPart.TABLES:
      return TABLES;
    case ArenaPart.RECORDS:
      return RECORDS;
    case ArenaPart.INPUT:
      return INPUT;
    case ArenaPart.PREDICTOR:
      return PREDICTOR;
    case ArenaPart.STREAMS:
      return STREAMS;
    default:
      return END;
  }
}

export function word(arena: usize, index: u32): u32 {
  return load<u32>(arena + ((<usize>index) << 2));
}

export function setWord(arena: usize, index: u32, value: u32): void {
  store<u32>(arena + ((<usize>index) << 2), value);
}

export function long(arena: usize, index: u32): u64 {
  return load<u64>(arena + ((<usize>index) << 2));
}

export function setLong(arena: usize, index: u32, value: u64): void {
  store<u64>(arena + ((<usize>index) << 2), value);
}

/** Tells what is wrong and where; the caller returns with the records that came before it. */
export function bad(arena: usize, fault: u32, at: usize): void {
  setWord(arena, ReadWord.STATUS, ReadStatus.BAD);
  setWord(arena, ReadWord.FAULT, fault);
  setWord(arena, ReadWord.FAULT_AT, <u32>(at - arena - INPUT));
}

/** The same for functions that return the end of the records: 0 is a fault. */
export function refuse(arena: usize, fault: u32, at: usize): usize {
  bad(arena, fault, at);
  return 0;
}

/** Ends a call: `next` is the first byte that is not done with, `out` the end of the records. Returns their number. */
export function done(arena: usize, next: usize, out: usize): u32 {
  setWord(arena, ReadWord.CONSUMED, <u32>(next - arena - INPUT));
  return <u32>((out - arena - RECORDS) >>> 3);
}

export function record(type: u64, size: u64, address: u64): u64 {
  return (type << 56) | (size << 48) | (address & ADDRESS_MASK);
}

/** A size as a record holds it. */
export function clip(arena: usize, size: u64): u64 {
  if (size <= 255) return size;
  setWord(arena, ReadWord.CLIPPED, word(arena, ReadWord.CLIPPED) + 1);
  return 255;
}

/** Emits a switch if the CPU called `name` is not the current one. Returns the end of the records, 0 if too many. */
export function switchCpu(arena: usize, name: u64, out: usize): usize {
  if (name >= <u64>CPUS_MAX) return 0;
  const slot = arena + CPU_NUMBERS + ((<usize>name) << 1);
  let number: u32 = load<u16>(slot);
  if (number == 0) {
    number = word(arena, ReadWord.CPUS) + 1;
    setWord(arena, ReadWord.CPUS, number);
    store<u16>(slot, <u16>number);
  }
  if (number - 1 == word(arena, ReadWord.CPU)) return out;
  setWord(arena, ReadWord.CPU, number - 1);
  store<u64>(out, record(RecordType.SWITCH_CPU, 0, <u64>(number - 1)));
  return out + 8;
}

/** The same for the address space (process, workload) called `name`. */
export function switchAsid(arena: usize, name: u64, out: usize): usize {
  const count = word(arena, ReadWord.ASIDS);
  let number: u32 = 0;
  while (number < count && load<u64>(arena + ASID_NAMES + ((<usize>number) << 3)) != name) number++;
  if (number == count) {
    if (count == ASIDS_MAX) return 0;
    store<u64>(arena + ASID_NAMES + ((<usize>number) << 3), name);
    setWord(arena, ReadWord.ASIDS, count + 1);
  }
  if (number == word(arena, ReadWord.ASID)) return out;
  setWord(arena, ReadWord.ASID, number);
  store<u64>(out, record(RecordType.SWITCH_ASID, 0, <u64>number));
  return out + 8;
}
