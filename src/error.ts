/**
 * The one error that bad input causes: says where, what and what to do, on one line. The command prints it and exits 2.
 */

export interface InputErrorPlace {
  /** The file (or the argument) that is at fault, as the user wrote it. */
  readonly source: string;
  /** 1-based line of the text after unpacking. */
  readonly line?: number;
  /** Byte offset in the file as it lies on disk; used where lines have no meaning. */
  readonly byte?: number;
  /** What the user can do about it, in the imperative. */
  readonly remedy: string;
}

export class InputError extends Error {
  override readonly name = "InputError";
  /** What is wrong, without place and remedy. */
  readonly problem: string;
  /** Place and remedy: with `problem`, all that a worker sends to the thread that started it. */
  readonly where: InputErrorPlace;
  readonly source: string;
  /** "12" for a line, "byte 345" for an offset. */
  readonly place: string | undefined;
  readonly remedy: string;

  constructor(what: string, options: InputErrorPlace) {
    const place = options.line !== undefined ? `${options.line}` : undefined;
    const offset = options.byte !== undefined ? `byte ${options.byte}` : undefined;
    const where = [options.source, place ?? offset].filter((part) => part !== undefined).join(":");
    super(oneLine(`${where}: ${what}; ${options.remedy}`));
    this.problem = what;
    this.where = options;
    this.source = options.source;
    this.place = place ?? offset;
    this.remedy = options.remedy;
  }
}

/** Shows the start of foreign text inside a message: printable, short, quoted. */
export function excerpt(text: string, lengthMax = 60): string {
  const printable = oneLine(text);
  return JSON.stringify(printable.length > lengthMax ? `${printable.slice(0, lengthMax)}...` : printable);
}

function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach the terminal
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
