import type { ConfigDocument } from "./document.ts";
import { openText, readForeign, tellRemarks } from "./foreign.ts";
import { isURL } from "./session.ts";
import type { Session } from "./session.ts";
import type { TextResult } from "./text.ts";
import { readYAML } from "./yaml.ts";
import type { YAMLSource } from "./yaml.ts";

/**
 * A text as a configuration: ours, or another gateway's in our words. Yields in words what was found where it cannot be
 * opened.
 */
export async function readSource(
  given: YAMLSource,
  location: string,
  session: Session,
): Promise<ConfigDocument | { failure: string }> {
  const opened: TextResult = isURL(location) ? await openText(given.text, session) : { text: given.text };
  if (opened.failure !== undefined) return { failure: opened.failure };
  const source = { ...given, text: opened.text };
  const foreign = await readForeign(source, session);
  if (!foreign) return readYAML(source, session);
  tellRemarks(foreign, session);
  return foreign.document;
}
