/* Asks for what a worker was told to find out, until it is there. */
"use strict";

(() => {
  const ROUND_MS = 700;
  const ANSWER_MS = 8000;

  async function send(url, body) {
    const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(ANSWER_MS) });
    return { status: answer.status, content: await answer.json().catch(() => ({})) };
  }

  /* Gives the result; null where none came within `seconds`. */
  async function wait(url, seconds) {
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      const result = await answer.json();
      if (result.done) return result;
    }
    return null;
  }

  window.Waiting = { send, wait };
})();
