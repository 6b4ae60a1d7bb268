/** Stand for the braces of variables while a text is parsed. No text has them: they are noncharacters. */
const open = "\ufdd0";
const close = "\ufdd1";
const hidden = new RegExp(`[${open}${close}]`);
const everyHidden = new RegExp(hidden, "g");

/** `${NAME}` and `${NAME:-default}`, as long as nothing in it but the braces could mean something to YAML. */
const variable = /\$\{([A-Za-z_]\w*(?::-[^\s{}[\],"'#]*)?)\}/g;

/**
 * Hides the braces of variables from YAML, to which a brace in `[${NAME}]` would begin a map. Every character
 * keeps its place.
 */
export function hideBraces(text: string): string {
  return hidden.test(text) ? text : text.replace(variable, `$$${open}$1${close}`);
}

/** The text as it was before its braces were hidden. */
export function showBraces(text: string): string {
  return text.replace(everyHidden, (brace) => (brace === open ? "{" : "}"));
}
