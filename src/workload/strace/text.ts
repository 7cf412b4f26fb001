/** The characters of an strace line, read in place from bytes. */

/** Why a line is not usable; the parser adds file and line. */
export class BadLine extends Error {
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

export const enum Char {
  NEWLINE = 10,
  RETURN = 13,
  SPACE = 32,
  QUOTE = 34,
  OPEN = 40,
  CLOSE = 41,
  PLUS = 43,
  COMMA = 44,
  MINUS = 45,
  DOT = 46,
  SLASH = 47,
  DIGIT_0 = 48,
  DIGIT_9 = 57,
  COLON = 58,
  LESS = 60,
  EQUALS = 61,
  GREATER = 62,
  QUESTION = 63,
  BRACKET_OPEN = 91,
  BACKSLASH = 92,
  BRACKET_CLOSE = 93,
  LOWER_X = 120,
  BAR = 124,
  BRACE_CLOSE = 125,
}

export function isDigit(code: number | undefined): code is number {
  if (code === undefined) return false;
  return code >= Char.DIGIT_0 && code <= Char.DIGIT_9;
}

/** True if `word`, which is ASCII, stands at `at`. */
export function isAt(bytes: Uint8Array, at: number, word: string): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word.charCodeAt(index)) return false;
  return true;
}

/** The bytes of a range as a string of its own. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.toString("latin1", start, end);
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** Undoes strace's escapes; what they spell is UTF-8. */
export function unescapeString(raw: string): string {
  const bytes: number[] = [];
  for (const [token] of raw.matchAll(/\\x[0-9a-f]{2}|\\[0-7]{1,3}|\\.|[^\\]/gs)) {
    if (token.length === 1) bytes.push(token.charCodeAt(0));
    else if (token.startsWith("\\x")) bytes.push(Number.parseInt(token.slice(2), 16));
    else if (/^\\[0-7]/.test(token)) bytes.push(Number.parseInt(token.slice(1), 8));
    else bytes.push(ESCAPES[token.charAt(1)] ?? token.charCodeAt(1));
  }
  return Buffer.from(bytes).toString("utf8");
}
