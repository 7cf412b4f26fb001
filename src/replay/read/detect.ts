/**
 * Which format a trace has, by its first bytes and never by its name.
 */
import { TraceFormat } from "../../../assembly/abi/read.js";
import { excerpt, InputError } from "../../error.js";

export const HEAD_BYTES = 4096;

export type TraceFormatName = "lackey" | "drmemtrace-view" | "drmemtrace" | "champsim" | "compact";

export const FORMATS: Readonly<Record<TraceFormatName, TraceFormat>> = {
  lackey: TraceFormat.LACKEY,
  "drmemtrace-view": TraceFormat.VIEW,
  drmemtrace: TraceFormat.DRMEMTRACE,
  champsim: TraceFormat.CHAMPSIM,
  compact: TraceFormat.COMPACT,
};

const MAGIC = [0x8a, 0x53, 0x44, 0x54, 0x0d, 0x0a, 0x1a, 0x0a];
const DRMEMTRACE_HEADER = 25;
const CHAMPSIM_BYTES = 64;
const LACKEY_LINE = /^(I {2}| [LSM] )/;
const VALGRIND_LINE = /^(==|--|\*\*)\d+\1/;
const VIEW_LINE =
  /^(Output format:|<-*record#|-{20}|\s*\d+(\s+\d+)?:\s+\S+\s+(<|ifetch |read |write |pref|[id]flush ))/;
const REMEDY =
  "give a trace of valgrind (--tool=lackey --trace-mem=yes), DynamoRIO (drmemtrace, or its -simulator_type view), " +
  "ChampSim, or of `shootdown convert`";

/** `head` is the first HEAD_BYTES of the unpacked trace, or all of it. Throws InputError. */
export function detectFormat(head: Uint8Array, source: string): TraceFormatName {
  if (head.length === 0) throw new InputError("the file is empty", { source, remedy: REMEDY });
  const text = Buffer.from(head).toString("latin1");
  if (MAGIC.slice(0, Math.min(4, head.length)).every((byte, index) => head[index] === byte))
    return compact(head, source);
  if (head.length >= 12 && isDrmemtrace(head)) return "drmemtrace";
  if (!head.includes(0)) return textFormat(text, source);
  if (isChampsim(head)) return "champsim";
  throw new InputError(`not a trace that is read here; it begins with ${excerpt(text, 24)}`, {
    source,
    byte: 0,
    remedy: REMEDY,
  });
}

/** A file that was sent as text has other line ends, and its magic was made to show it. */
function compact(head: Uint8Array, source: string): TraceFormatName {
  if (MAGIC.slice(0, head.length).every((byte, index) => head[index] === byte)) return "compact";
  throw new InputError("a compact trace that was changed as if it were text", {
    source,
    byte: 4,
    remedy: "copy it again in binary mode",
  });
}

function isDrmemtrace(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const version = view.getUint32(4, true);
  return view.getUint16(0, true) === DRMEMTRACE_HEADER && version < 1000 && view.getUint32(8, true) === 0;
}

function isChampsim(head: Uint8Array): boolean {
  const count = Math.floor(head.length / CHAMPSIM_BYTES);
  for (let record = 0; record < count; record++) {
    const at = record * CHAMPSIM_BYTES;
    const ip = head.subarray(at, at + 8);
    if ((head[at + 8] as number) > 1 || (head[at + 9] as number) > 1 || ip.every((byte) => byte === 0)) return false;
    // Canonical addresses: the two highest bytes are all zeros or all ones.
    const high = ip[7] as number;
    if ((high !== 0 && high !== 0xff) || ip[6] !== high) return false;
  }
  return count > 0;
}

function textFormat(text: string, source: string): TraceFormatName {
  let hasMessages = false;
  let line = 0;
  for (const whole of text.split("\n")) {
    line++;
    const content = whole.replace(/\r$/, "");
    if (content === "") continue;
    if (VALGRIND_LINE.test(content)) {
      hasMessages = true;
      continue;
    }
    if (LACKEY_LINE.test(content)) return "lackey";
    if (VIEW_LINE.test(content)) return "drmemtrace-view";
    if (hasMessages) return "lackey";
    throw new InputError(`not a trace that is read here: ${excerpt(content)}`, { source, line, remedy: REMEDY });
  }
  if (hasMessages) return "lackey";
  throw new InputError("holds no memory access", { source, line, remedy: REMEDY });
}
