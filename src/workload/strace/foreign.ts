/** Tells what a text is that is not an strace log, so that the error can name it. */

/** How to make a log that this project reads. */
export const RECORD =
  "record one with `strace -f -ttt " +
  "-e trace=%memory,%process,%ipc,ftruncate,fallocate,openat,memfd_create -o LOG PROGRAM`";

const KINDS: readonly (readonly [string, RegExp])[] = [
  ["a valgrind lackey trace, which is a memory-access trace", /^( [LSM]|I ) ?[0-9a-f]{4,},\d+$|^==\d+== Lackey/],
  ["the output of valgrind", /^==\d+== /],
  ["an ftrace log", /^# tracer:|^\s*\S.*-\d+\s+(\(.*\)\s+)?\[\d{3}\]\s+(\S{4,5}\s+)?\d+\.\d+: /],
  ["the output of perf script", /^\S.*\s\d+(\/\d+)?\s+(\[\d+\]\s+)?\d+\.\d+:\s+(\d+\s+)?[\w:.\-/]+:/],
  // Looks like strace's, but the calls are a library's.
  [
    "an ltrace log",
    /^[\w.:[\]<> -]{0,80}?(__libc_start_main|\bSYS_\w{1,40}|\w->\w{1,80}|\bmalloc)\(|\+\+\+ exited \(status/,
  ],
  ["the summary of strace -c", /^% time\s+seconds/],
  ["JSON", /^\s*[{[]\s*(["{[]|$)/],
  ["a web page", /^\s*<(!doctype|html)/i],
];

/** Enough of a line to know it by; bounds what the patterns cost. */
const HEAD_CHARS = 300;

/** The name of the format that a line belongs to, or undefined. */
export function foreignKind(text: string): string | undefined {
  const head = text.slice(0, HEAD_CHARS);
  return KINDS.find(([, pattern]) => pattern.test(head))?.[0];
}
