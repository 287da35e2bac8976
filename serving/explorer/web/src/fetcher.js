// How the explorer asks: GraphQL over HTTP, by POST, and in words a user can act on when no answer comes.

/** `onTrouble` gets a sentence when the endpoint gives no GraphQL answer, null when it gives one. */
export function createFetcher(endpoint, onTrouble) {
  return async (params, options) => {
    try {
      const result = await ask(endpoint, params, options?.headers);
      onTrouble(null);
      return result;
    } catch (error) {
      onTrouble(error.message);
      throw error;
    }
  };
}

async function ask(endpoint, params, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { accept: "application/graphql-response+json, application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
  }).catch(() => {
    throw new Error(`Histograph does not answer at ${endpoint}. Is the server running?`);
  });
  const result = await response.json().catch(() => null);
  if (response.status === 401 || response.status === 403) {
    throw new Error(`${endpoint} refuses this caller (HTTP ${response.status}). Put its token under Headers, at the bottom: { "authorization": "Bearer ..." }`);
  }
  if (result === null || typeof result !== "object" || !("data" in result || "errors" in result)) {
    throw new Error(`${endpoint} gave no GraphQL answer (HTTP ${response.status}). Does something else listen there?`);
  }
  return result;
}
