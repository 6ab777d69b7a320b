// Talking to the API.

const API = "/api/v1";
const PATIENCE = 10_000;

/** An answer that is no success. `status` 0: there was none, and what was asked may have been done or not. */
export class Refusal extends Error {
  constructor(status, problem = {}) {
    super(problem.detail ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The answer to a request, or null when it has no content. Throws Refusal. */
export async function ask(method, path, body) {
  const response = await send(method, path, body);
  const answer = await read(response);
  if (!response.ok) throw new Refusal(response.status, answer ?? {});
  return answer;
}

/** All items of a list, page by page. `parameters`: [name, value] of each. */
export async function askAll(path, parameters = []) {
  const items = [];
  for (let cursor = null; ; ) {
    const query = new URLSearchParams([...parameters, ["limit", 1000], ...(cursor ? [["cursor", cursor]] : [])]);
    const page = await ask("GET", `${path}?${query}`);
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

async function send(method, path, body) {
  const options = { method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
  const content = { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  try {
    return await fetch(API + path, body === undefined ? options : { ...options, ...content });
  } catch (error) {
    throw new Refusal(0, { detail: String(error) });
  }
}

async function read(response) {
  try {
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (response.ok) throw new Refusal(0, { detail: String(error) });
    return null;
  }
}
