/**
 * What the trace readers and the host share: formats, the words that a call leaves behind, and what can be wrong.
 *
 * An arena is one reader's (or writer's) memory: state words first, then tables, records, input. `arenaAt(part)` says
 * where a part begins. Every reader is called as `read(arena, length)` with `length` bytes at ArenaPart.INPUT, writes
 * records from ArenaPart.RECORDS on, and tells in ReadWord.CONSUMED how many of the bytes it is done with; what is left
 * must come first in the next call.
 */

export const enum TraceFormat {
  /** valgrind --tool=lackey --trace-mem=yes */
  LACKEY = 0,
  /** drrun -t drcachesim -simulator_type view */
  VIEW = 1,
  /** DynamoRIO's canonical offline trace: records of 12 bytes. */
  DRMEMTRACE = 2,
  /** ChampSim: records of 64 bytes. */
  CHAMPSIM = 3,
  /** Ours: docs/traces.md. */
  COMPACT = 4,
}

export const enum ArenaPart {
  STATE = 0,
  TABLES = 1,
  RECORDS = 2,
  INPUT = 3,
  PREDICTOR = 4,
  STREAMS = 5,
  END = 6,
}

/** Word indices (u32) in ArenaPart.STATE. */
export const enum ReadWord {
  CONSUMED,
  STATUS,
  /** A ReadFault, when STATUS is BAD. */
  FAULT,
  /** Where in the input of this call the fault is, in bytes. */
  FAULT_AT,
  /** Lines that are done with, from the start of the trace. */
  LINES,
  /** Sizes above 255 that were recorded as 255. */
  CLIPPED,
  /** From here on private to the readers: the current CPU and address space, and how many there were. */
  CPU,
  CPUS,
  ASID,
  ASIDS,
  /** Compact: the header was read. drmemtrace: threads that were seen. */
  OPENED,
  /** Keeps the 64-bit words below at even indices. */
  PADDING_0,
  /** Where the next instruction of a bundle lies. */
  BUNDLE_PC,
  BUNDLE_PC_HIGH,
  /** Compact: records so far. drmemtrace: the current thread. */
  TOTAL,
  TOTAL_HIGH,
  /** The predictor's context: last fetch, accesses since, the last two accesses. */
  PC,
  PC_HIGH,
  SINCE,
  PADDING_1,
  LAST,
  LAST_HIGH,
  BEFORE,
  BEFORE_HIGH,
  WORDS,
}

export const enum ReadStatus {
  /** Go on: more input, or another call for what is left when the records were full. */
  MORE = 0,
  /** FAULT says what is wrong. */
  BAD = 1,
  /** The format's own end mark was read. */
  END = 2,
}

export const enum ReadFault {
  NONE = 0,
  /** A line that is neither an access nor the tracer's own chatter. */
  FOREIGN_LINE = 1,
  ADDRESS = 2,
  SIZE = 3,
  LINE_END = 4,
  RECORD_TYPE = 5,
  MAGIC = 6,
  VERSION = 7,
  BLOCK_LENGTHS = 8,
  CHECKSUM = 9,
  STREAMS = 10,
  TOTAL = 11,
  TOO_MANY_CPUS = 12,
  TOO_MANY_ASIDS = 13,
  /** A ChampSim record whose flags are neither 0 nor 1. */
  FLAGS = 14,
}

/** Records that one call yields at most. A block of the compact form holds as many. */
export const RECORDS_MAX: u32 = 32768;
/** Bytes at ArenaPart.INPUT. The longest block fits, and a chunk of the file after what is left of the one before. */
export const INPUT_BYTES: u32 = 983040;
export const COMPACT_VERSION: u32 = 1;
