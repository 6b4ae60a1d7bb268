/** Where gathered lines go. */
export interface LineSink {
  /** Takes whole lines, each with its line break. Resolves when there is room for more; rejects when they are lost. */
  write(text: string): Promise<void>;
  /** Lets go of what the sink holds. */
  close?(): void;
}

/** What a line writer may hold and for how long, and who hears of trouble. */
export interface LineWriterOptions {
  /** ms that a line waits for others at most. Default 50. */
  interval?: number;
  /** Characters that are written at once. Default 65,536. */
  batch?: number;
  /** Characters that may wait; lines beyond are dropped. Default 4 Mi. */
  limit?: number;
  /** ms that `close` waits for a sink that takes nothing any more. Default 5,000. */
  closeTimeout?: number;
  /** Hears how many lines were lost since it was told last, and why where the sink said it. At most once a second. */
  onLost?(lines: number, error: unknown): void;
}

/** Takes lines at any rate, writes them in batches, and never makes its caller wait. */
export interface LineWriter {
  /** Takes one line, without its line break. Never throws. */
  write(line: string): void;
  /** Resolves when the lines taken so far have been written or are lost. */
  flush(): Promise<void>;
  /** Flushes, then lets the sink go. */
  close(): Promise<void>;
}

const reportEvery = 1000;

/** Lines that are written at once. */
interface Batch {
  text: string;
  lines: number;
}

/**
 * A line writer over a sink. What waits is bounded: when the sink is slower than the lines come, lines
 * are dropped and counted, whole ones always.
 */
export function createLineWriter(sink: LineSink, options: LineWriterOptions = {}): LineWriter {
  const { interval = 50, batch = 65_536, limit = 4 * 1024 ** 2, closeTimeout = 5000, onLost } = options;
  const full: Batch[] = [];
  let filling: Batch = { text: "", lines: 0 };
  let waiting = 0;
  let lost = 0;
  let reportedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;

  function report(error?: unknown, evenSoon = false): void {
    if (lost === 0 || (!evenSoon && Date.now() - reportedAt < reportEvery)) return;
    const lines = lost;
    lost = 0;
    reportedAt = Date.now();
    onLost?.(lines, error);
  }

  /** Ends the batch that is being filled. */
  function cut(): void {
    if (filling.lines === 0) return;
    full.push(filling);
    filling = { text: "", lines: 0 };
  }

  async function drain(): Promise<void> {
    for (let next = full.shift(); next; next = full.shift()) {
      try {
        await sink.write(next.text);
        report();
      } catch (error) {
        lost += next.lines;
        report(error);
      }
      waiting -= next.text.length;
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    cut();
    writing ??= drain().finally(() => {
      writing = undefined;
      // A batch that was cut after the last look at `full`.
      if (full.length > 0) start();
    });
  }

  async function flush(): Promise<void> {
    start();
    await writing;
  }

  return {
    write(line) {
      if (waiting + line.length > limit) {
        lost++;
        return;
      }
      filling.text += line + "\n";
      filling.lines++;
      waiting += line.length + 1;
      if (filling.text.length >= batch) start();
      else timer ??= setTimeout(start, interval);
    },
    flush,
    async close() {
      let patience: ReturnType<typeof setTimeout> | undefined;
      const tooLong = new Promise<void>((resolve) => {
        patience = setTimeout(resolve, closeTimeout);
      });
      await Promise.race([flush(), tooLong]);
      clearTimeout(patience);
      for (const { lines } of full) lost += lines;
      report(undefined, true);
      sink.close?.();
    },
  };
}
