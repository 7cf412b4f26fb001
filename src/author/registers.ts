/**
 * The registers by name, for listings that are written outside this package.
 */
import { Reg } from "../../assembly/abi/operands.js";

/** What a line of a listing reads and writes. Only the first eight can be arguments of a call. */
export const reg = {
  START: Reg.START,
  END: Reg.END,
  FILE: Reg.FILE,
  OFFSET: Reg.OFFSET,
  FLAGS: Reg.FLAGS,
  PROT: Reg.PROT,
  NEW_START: Reg.NEW_START,
  VALUE: Reg.VALUE,
  ADDRESS: Reg.ADDRESS,
  VMA: Reg.VMA,
  MM: Reg.MM,
  TABLE: Reg.TABLE,
  ENTRY: Reg.ENTRY,
  PAGE: Reg.PAGE,
  INDEX: Reg.INDEX,
  LAST: Reg.LAST,
  RANGE_START: Reg.RANGE_START,
  RANGE_END: Reg.RANGE_END,
  FLUSH_MM: Reg.FLUSH_MM,
  STRIDE: Reg.STRIDE,
  TABLES: Reg.TABLES,
  FULL: Reg.FULL,
  FORCE_FLUSH: Reg.FORCE_FLUSH,
  NEW_ENTRY: Reg.NEW_ENTRY,
  TMP: Reg.TMP,
  GENERATION: Reg.GENERATION,
  BATCH: Reg.BATCH,
  NEED_FLUSH: Reg.NEED_FLUSH,
} as const;

/** How many registers a task has. */
export const REGISTERS = Reg.NEED_FLUSH + 1;
/** Registers below this one can be arguments. */
export const ARGUMENTS = Reg.VALUE + 1;
