import type { StreamReader } from "./protocol.ts";
import type { Usage } from "./usage.ts";

/** The part of a StreamReader that is the same for every protocol; what an event tells is each protocol's own. */
export abstract class StreamReaderBase implements StreamReader {
  /** Whether the text is wanted. */
  protected readonly collect: boolean;
  protected toldUsage: Usage | undefined = undefined;
  protected collectedText = "";
  protected outputCount = 0;
  protected sawEnd = false;

  constructor(collect: boolean) {
    this.collect = collect;
  }

  abstract event(data: string): void;

  usage(): Usage | undefined {
    return this.toldUsage;
  }

  text(): string {
    return this.collectedText;
  }

  outputEvents(): number {
    return this.outputCount;
  }

  ended(): boolean {
    return this.sawEnd;
  }
}
