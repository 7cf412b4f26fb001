/**
 * Progress on stderr: one line that is overwritten on a terminal, a line now and then in a log.
 */
const TTY_GAP_MS = 100;
const LOG_FIRST_MS = 2000;
const LOG_GAP_MS = 5000;

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Shows the text, unless the last one is too recent. */
  show(text: () => string): void {
    const now = performance.now();
    const isTty = this.#stream.isTTY === true;
    if (!isTty && now - this.#started < LOG_FIRST_MS) return;
    if (now - this.#last < (isTty ? TTY_GAP_MS : LOG_GAP_MS)) return;
    this.#last = now;
    this.#shown = isTty;
    const line = text().slice(0, (this.#stream.columns || 120) - 1);
    this.#stream.write(isTty ? `\r\x1b[K${line}` : `${line}\n`);
  }

  /** Takes the line away before anything else is printed. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\x1b[K");
    this.#shown = false;
  }
}
