import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());

/** A service account's JSON key; what it holds beside is not needed. */
const serviceAccount = v.object({
  type: v.optional(v.string()),
  client_email: v.pipe(text, v.description("The service account.")),
  private_key: v.pipe(
    text,
    // As it stands in an environment variable.
    v.transform((key) => key.replaceAll("\\n", "\n")),
    v.check((key) => key.includes("PRIVATE KEY-----"), "Expected a key in PEM form"),
    v.description("Its private key, PKCS #8 in PEM form; `\\n` in it are line ends."),
  ),
  private_key_id: v.pipe(v.optional(text), v.description("Which of its keys it is.")),
  project_id: v.pipe(v.optional(text), v.description("The project, where `project` is not given.")),
  token_uri: v.pipe(v.optional(text), v.description("Where tokens are asked for. Default Google's.")),
});

/** A user's credentials, as `gcloud auth application-default login` writes them. */
const refreshGrant = v.object({
  type: v.optional(v.string()),
  client_id: v.pipe(text, v.description("The OAuth client.")),
  client_secret: v.pipe(text, v.description("The OAuth client's secret.")),
  refresh_token: v.pipe(text, v.description("The user's refresh token.")),
  token_uri: v.pipe(v.optional(text), v.description("Where tokens are asked for. Default Google's.")),
});

const credentials = v.union(
  [serviceAccount, refreshGrant],
  "Expected a service account's key (client_email, private_key), or client_id, client_secret and refresh_token",
);

/** A JSON text in the place of what it says. */
const fromText = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): unknown => {
    try {
      return JSON.parse(dataset.value);
    } catch {
      addIssue({ message: "Expected the JSON of a key file", received: "a text that is no JSON" });
      return NEVER;
    }
  }),
  credentials,
);

export const options = v.strictObject({
  project: v.pipe(
    v.optional(text),
    v.description(
      "The Google Cloud project. Default the service account's; without one a key is used in express mode.",
    ),
  ),
  location: v.pipe(
    v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1))]), "global"),
    v.description(
      "`global`, `us`, `eu` or a region; of a list they take turns, each a target of its own. `by-model`: the regions that are known to serve a model.",
    ),
  ),
  credentials: v.pipe(
    v.optional(v.union([fromText, credentials])),
    v.description(
      "A service account's JSON key, as a map or as text, or a user's OAuth credentials. Without them the upstream needs a key.",
    ),
  ),
  tokenURL: v.pipe(
    v.optional(text),
    v.description("Where tokens are asked for. Default as the credentials say."),
  ),
});

export type VertexOptions = v.InferOutput<typeof options>;
export type Credentials = v.InferOutput<typeof credentials>;

/** The project that calls are made in; undefined in express mode. */
export function projectOf({ project, credentials: given }: VertexOptions): string | undefined {
  return project ?? (given && "project_id" in given ? given.project_id : undefined);
}

/** The location that stands for those of each model. */
export const byModel = "by-model";

/** The configured locations; the first one makes the base URL. */
export function locationsOf({ location }: VertexOptions): string[] {
  return location === byModel ? ["global"] : [location].flat();
}
